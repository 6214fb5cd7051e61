/*
 * onednn_library.h: what changed in oneDNN's C interface between its versions 2 and 3 (operation and memory descriptions, attributes), under
 * one set of names; onednn_library_2.c and onednn_library_3.c fill it in, and what is the same in both onednn_op.c calls itself.
 */
#ifndef RPM_NN_ONEDNN_LIBRARY_H
#define RPM_NN_ONEDNN_LIBRARY_H

#include <dnnl.h>
#include <stdbool.h>

#if DNNL_VERSION_MAJOR == 2
typedef const dnnl_memory_desc_t *nn_library_layout;
#else
typedef const_dnnl_memory_desc_t nn_library_layout;
#endif

/* A batch norm's backward has no use for the shift: version 2 demands it all the same, 3 refuses it. */
#define NN_LIBRARY_NORM_BACK_WANTS_SHIFT (DNNL_VERSION_MAJOR == 2)

/* How an array of single precision lies. */
typedef struct nn_layout
{
	int			ndims;			/* 0: there is no such array */
	dnnl_dims_t dims;
	dnnl_format_tag_t tag;
	nn_library_layout like;		/* the library's own description, taken instead; or NULL */
} nn_layout;

typedef enum nn_plan_kind
{
	NN_PLAN_CONV_FORWARD,
	NN_PLAN_CONV_DATA,
	NN_PLAN_CONV_WEIGHTS,
	NN_PLAN_NORM,				/* batch norm with scale and shift, its statistics the batch's */
	NN_PLAN_NORM_BACK,
	NN_PLAN_ACTIVATION,
	NN_PLAN_ACTIVATION_BACK,
	NN_PLAN_POOL,
	NN_PLAN_POOL_BACK,
	NN_PLAN_ENLARGE,			/* bilinear */
	NN_PLAN_PRODUCT,			/* target = scale source weights */
	NN_PLAN_SOFTMAX,			/* over the last dimension */
	NN_PLAN_SOFTMAX_BACK
} nn_plan_kind;

/* An operation before the library describes it; of a backward, source and target are gradients that lie as these do. */
typedef struct nn_plan
{
	nn_plan_kind kind;
	bool		inference;		/* forward without what a backward needs */
	nn_layout	source,
				weights,
				bias,
				target;
	dnnl_alg_kind_t algorithm;	/* of activations and pools */
	float		alpha;			/* of an activation */
	float		epsilon;
	float		scale;			/* of a product */
	bool		activated;		/* a forward convolution with this activation behind it */
	dnnl_alg_kind_t activation;
	float		activation_alpha;
	dnnl_dims_t strides,
				kernel,
				before,
				after;
} nn_plan;

/* Describes; hint: the forward's description for a backward, else NULL.  Scratch is the caller's.  False where the library has no such operation. */
bool		nn_library_describe(dnnl_engine_t engine, const nn_plan *plan, const_dnnl_primitive_desc_t hint, dnnl_primitive_desc_t *desc);
/* Describes a copy into another layout, added to what is there if adds. */
bool		nn_library_describe_reorder(dnnl_engine_t engine, const nn_layout *from, const nn_layout *to, bool adds,
										dnnl_primitive_desc_t *desc);
bool		nn_library_memory(dnnl_engine_t engine, const nn_layout *layout, dnnl_memory_t *memory);
bool		nn_library_set_array(dnnl_memory_t memory, void *array, dnnl_stream_t stream);

#endif
