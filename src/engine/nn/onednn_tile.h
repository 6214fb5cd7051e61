/*
 * onednn_tile.h: one tile of Winograd's minimal filtering with 6 points in each direction (0, 1, -1, 2, -2, infinity), for processors with
 * 512-bit instructions, which the caller has found to be there.
 *
 * Lavin and Gray (CVPR 2016) give the matrices for a kernel of 3; that of the tile is the same for a kernel of 5, and the two others have the
 * powers of the points, the kernel's divided by 4, -6, -6, 24, 24 and 1.
 */
#ifndef RPM_NN_ONEDNN_TILE_H
#define RPM_NN_ONEDNN_TILE_H

#include <stdint.h>

#define WINOGRAD_SIDE 6
#define WINOGRAD_POINTS 36
#define WINOGRAD_LANES 16		/* channels are multiples of this */
#define WINOGRAD_ROWS 12		/* rows of a product likewise */
#define WINOGRAD_SUMS 8			/* inputs of a sum at a time */
#define WINOGRAD_MOST_KERNEL 25
#define WINOGRAD_MOST_RESULTS 16

/* The transformed tile: for each point `channels` numbers, `between` apart. */
void		winograd_tile(const float *const cells[WINOGRAD_POINTS], int64_t channels, float *tile, int64_t between);

/* The transformed kernel of 16 outputs at once, given as kernel x kernel x 16: for each point 16 numbers, `between` apart. */
void		winograd_kernel(const float *kernel, int64_t side, float *to, int64_t between);

/* Where the transformed kernel of input i and outputs o to o + 15 begins: by stretches of 32 outputs, or 16, then by inputs. */
int64_t		winograd_weight_place(int64_t in, int64_t out, int64_t i, int64_t o);

/* products (rows x out) = tiles (rows x in) times weights (in x out, in the order of winograd_weight_place). */
void		winograd_multiply(const float *tiles, const float *weights, float *products, int64_t rows, int64_t in, int64_t out);

/* sums (in x out) += tiles (rows x in) turned, times products (rows x out). */
void		winograd_sum(const float *tiles, const float *products, float *sums, int64_t rows, int64_t in, int64_t out);

/* The gradient of a tile's products from that of its results: the adjoint of winograd_results without bias and slope. */
void		winograd_results_back(const float *const *results, int64_t channels, int64_t side, float *products, int64_t between);

/* The adjoint of winograd_kernel: from 16 numbers for each point, `between` apart, kernel x kernel x 16. */
void		winograd_kernel_back(const float *from, int64_t between, int64_t side, float *kernel);

/* The results of a tile from its products, plus bias (NULL: none), times slope where below 0; a result whose place is NULL is left out. */
void		winograd_results(const float *products, int64_t between, int64_t channels, int64_t side, const float *bias, float slope,
							 float *const *results);

#endif
