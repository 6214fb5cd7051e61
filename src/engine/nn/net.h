/*
 * net.h: a network with sizes, and the one interface of the back ends.
 *
 * A back end is asked once for steps and bytes (prepare), then given memory (bind), then runs step by step.  Where values and gradients
 * lie in the arena is decided here, from who needs them when.
 */
#ifndef RPM_NN_NET_H
#define RPM_NN_NET_H

#include "nn/model.h"

/* A layer, or a chain of layers that runs as one; output is the value that it leaves. */
typedef struct nn_step
{
	int			layer;
	int			output;
} nn_step;

/* Something that needs bytes from one moment to another. */
typedef struct nn_room
{
	size_t		bytes;
	int			first, last;	/* moments, both included */
	size_t		offset;			/* found by nn_pack */
} nn_room;

typedef struct nn_backend
{
	/* Sets steps, value_bytes, saved_bytes, scratch_bytes and own_bytes of the net; takes no large memory. */
	rpm_code	(*prepare) (rpm_nn *net, rpm_status *status);
	rpm_code	(*bind) (rpm_nn *net, rpm_status *status);
	void		(*release) (rpm_nn *net);
	void		(*weights_changed) (rpm_nn *net);
	/* Around a whole pass. */
	rpm_code	(*begin) (rpm_nn *net, rpm_status *status);
	void		(*end) (rpm_nn *net);
	rpm_code	(*forward) (rpm_nn *net, int step, rpm_control *control, rpm_status *status);
	/* Adds to gradients, and writes or adds to the gradients of the inputs. */
	rpm_code	(*backward) (rpm_nn *net, int step, float *gradients, rpm_control *control, rpm_status *status);
	/* A value or its gradient from and to plain NCHW. */
	rpm_code	(*read) (rpm_nn *net, int layer, bool gradient, float *plain, rpm_status *status);
	rpm_code	(*add_gradient) (rpm_nn *net, int layer, const float *plain, rpm_status *status);
} nn_backend;

struct rpm_nn
{
	const rpm_nn_model *model;
	rpm_nn_options options;
	int			threads;
	float	   *weights;
	rpm_nn_shape *shapes;		/* per layer */
	const nn_backend *backend;
	void	   *own;			/* the back end's */

	nn_step    *steps;
	int			step_count;
	size_t	   *value_bytes;	/* per layer; 0: nowhere (an input, or inside a chain) */
	size_t	   *saved_bytes;	/* per layer, in training, kept from forward to backward */
	size_t		scratch_bytes;	/* for one step at a time */
	size_t		own_bytes;		/* other memory of the back end */

	nn_room    *values;			/* per layer */
	nn_room    *gradients;
	nn_room    *saved;
	size_t		arena_bytes;
	char	   *arena;
	char	   *scratch;
	const void **inputs;		/* per layer: the caller's array of an input */
	bool	   *gradient_begun; /* per layer: something is in its gradient */
	bool		forwarded;
	bool		differentiated;
	uint64_t	draws;			/* training passes so far */
};

extern const nn_backend nn_reference_backend;
#ifdef RPM_HAVE_DNNL
extern const nn_backend nn_onednn_backend;
#endif

/* oneDNN's, built in or from its library; NULL where there is none. */
const nn_backend *nn_onednn(void);

/* Changes with the version and with what back end and caller share: a library of another build is not used. */
#define RPM_NN_TEXT_OF(x) #x
#define RPM_NN_TEXT(x) RPM_NN_TEXT_OF(x)
#define RPM_NN_LAYOUT 1			/* of struct rpm_nn, nn_backend and the model: one more with each change */
#define RPM_NN_LIBRARY_VERSION "rpm_nn " RPM_NN_TEXT(RPM_NN_LAYOUT)

/* Finds offsets so that no two rooms share a byte at one moment, all multiples of 64; returns the bytes in all. */
size_t		nn_pack(nn_room **rooms, int count);

/* True where the gradient of a value is worked out. */
bool		nn_wants_gradient(const rpm_nn *net, int layer);

/* A value's array: the caller's for an input, else in the arena. */
static inline void *nn_value(const rpm_nn *net, int layer)
{
	return net->model->layers[layer].input_count == 0 ? (void *) net->inputs[layer] : net->arena + net->values[layer].offset;
}

static inline void *nn_gradient(const rpm_nn *net, int layer)
{
	return net->arena + net->gradients[layer].offset;
}

/* The call of a layer's function on plain arrays: shapes, tensors, draw; the arrays of values are for the caller to fill in. */
nn_call		nn_call_of(const rpm_nn *net, int layer, float *gradients, rpm_control *control, rpm_status *status);

#endif
