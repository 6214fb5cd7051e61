/*
 * windows.h: how attention cuts an image into windows (MaxViT, Tu et al. 2022, arXiv:2204.01697, section 3.2).
 *
 * A block is window x window neighbouring cells; a grid's tokens are window x window cells spread evenly over the image.
 */
#ifndef RPM_NN_WINDOWS_H
#define RPM_NN_WINDOWS_H

#include "nn/model.h"
#include "rpm_math.h"

typedef struct nn_windows
{
	int64_t		side;			/* tokens along a window's side */
	int64_t		tokens;			/* side x side */
	int64_t		down, across;	/* windows */
	int64_t		width;			/* of the image */
	bool		grid;
	int			heads;
	int64_t		head_size;		/* channels of a head */
} nn_windows;

RPM_INLINE nn_windows nn_windows_of(const nn_layer *layer, const rpm_nn_shape *image)
{
	nn_windows	windows;

	windows.side = (int64_t) layer->option[NN_WINDOW];
	windows.width = image->w;
	windows.tokens = windows.side * windows.side;
	windows.down = image->h / windows.side;
	windows.across = image->w / windows.side;
	windows.grid = layer->option[NN_GRID] != 0;
	windows.heads = (int) layer->option[NN_HEADS];
	windows.head_size = layer->channels / windows.heads;
	return windows;
}

/* The image's cell of a token of a window. */
RPM_INLINE int64_t nn_token_cell(const nn_windows *w, int64_t window, int64_t token)
{
	int64_t		i = token / w->side,
				j = token % w->side,
				row = window / w->across,
				column = window % w->across;

	if (w->grid)
		return (i * w->down + row) * w->width + j * w->across + column;
	return (row * w->side + i) * w->width + column * w->side + j;
}

/* Place in the table of position biases (heads, 2 side - 1, 2 side - 1) for a query and a key of one window. */
RPM_INLINE int64_t nn_bias_place(const nn_windows *w, int head, int64_t query, int64_t key)
{
	int64_t		span = 2 * w->side - 1;

	return ((int64_t) head * span + key / w->side - query / w->side + w->side - 1) * span + key % w->side - query % w->side + w->side - 1;
}

#endif
