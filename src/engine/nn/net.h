/*
 * net.h: a network with sizes, and the one interface of the back ends.
 *
 * A back end is asked once for steps and bytes (prepare), then given memory (bind), then runs step by step.  Where values and gradients
 * lie in the arena is decided here, from who needs them when.
 */
#ifndef RPM_NN_NET_H
#define RPM_NN_NET_H

#include "nn/model.h"
#include "nn/random.h"

#ifdef __cplusplus
extern "C" {
#endif

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

/* A loss as the back end works it out itself: of the first output, whose gradient it begins. */
typedef struct nn_loss_call
{
	int			kind;			/* rpm_nn_loss_kind */
	double		delta;
	double		beta;
	const float *target;
	const uint8_t *mask;		/* NULL: all */
	int64_t		known;			/* cells that count, at least one */
} nn_loss_call;

/* One step of AdamW over the gradients summed so far. */
typedef struct nn_adamw_call
{
	double		rate,
				beta1,
				beta2,
				epsilon,
				weight_decay,
				clip;			/* 0: none */
	int64_t		number;			/* from 1 */
	int64_t		batches;		/* in the sum */
} nn_adamw_call;

typedef enum nn_array { NN_ARRAY_WEIGHTS, NN_ARRAY_FIRST, NN_ARRAY_SECOND, NN_ARRAY_GRADIENTS } nn_array;

/* What a back end that has the memory of a trainer does in its place. */
typedef struct nn_backend_trainer
{
	rpm_code	(*loss) (rpm_nn *net, const nn_loss_call *call, double *loss, rpm_status *status);
	/* *made: false where gradients overflowed half precision, and the step is left out. */
	rpm_code	(*step) (rpm_nn *net, const nn_adamw_call *call, bool *made, double *norm, rpm_status *status);
	void		(*forget) (rpm_nn *net);	/* the gradients summed so far */
	rpm_code	(*exchange) (rpm_nn *net, nn_array array, bool to_backend, float *values, rpm_status *status);
	/* Of half precision: the factor of the loss, and the steps since it changed last. */
	void		(*scaling) (rpm_nn *net, bool set, double *scale, int64_t *steps);
} nn_backend_trainer;

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
	/* Of a back end with memory of its own, else NULL: arena, weights and gradients are on a device, and bind takes the arena. */
	rpm_code	(*check) (int device, bool *driver, rpm_status *status);
	rpm_code	(*collect) (rpm_nn *net, float *gradients, rpm_status *status); /* adds a pass's gradients */
	const nn_backend_trainer *trainer;
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
	size_t		device_bytes;	/* taken on a device */

	nn_room    *values;			/* per layer */
	nn_room    *gradients;
	nn_room    *saved;
	size_t		arena_bytes;
	char	   *arena;
	char	   *scratch;
	const void **inputs;		/* per layer: the caller's array of an input */
	bool	   *gradient_begun; /* per layer: something is in its gradient */
	bool		steps_inside;	/* a trainer's, whose weights, gradients and moments are the back end's */
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
/* The one for GPUs; NULL with the reason in status where there is none. */
const nn_backend *nn_cuda(rpm_status *status);
/* Whether the machine has a driver of CUDA devices, where that library cannot say. */
bool		nn_cuda_driver(void);

/* rpm_nn_create for a trainer whose steps the back end makes (options->backend has a trainer). */
rpm_code	nn_create_for_trainer(const rpm_nn_model *model, const rpm_nn_shape *inputs, const rpm_nn_options *options, float *weights,
								  const rpm_control *control, rpm_nn **net, rpm_status *status);
/* The back end's own loss after a forward, and the way back from it where it is a number; gradients are added up there. */
rpm_code	nn_backward_inside(rpm_nn *net, const nn_loss_call *call, double *loss, rpm_control *control, rpm_status *status);

/* Changes with the version and with what back end and caller share: a library of another build is not used. */
#define RPM_NN_TEXT_OF(x) #x
#define RPM_NN_TEXT(x) RPM_NN_TEXT_OF(x)
#define RPM_NN_LAYOUT 2			/* of struct rpm_nn, nn_backend and the model: one more with each change */
#define RPM_NN_LIBRARY_VERSION "rpm_nn " RPM_NN_TEXT(RPM_NN_LAYOUT)

/* Finds offsets so that no two rooms share a byte at one moment, all multiples of 64; returns the bytes in all. */
size_t		nn_pack(nn_room **rooms, int count);

/* True where the gradient of a value is worked out. */
static inline bool nn_wants_gradient(const rpm_nn *net, int layer)
{
	const nn_layer *l = &net->model->layers[layer];

	return net->options.training && l->kind->code != NN_INDEX && (l->needs_gradient || net->options.input_gradients);
}

/* Seed of a layer's random numbers in this pass. */
static inline uint64_t nn_draw(const rpm_nn *net, int layer)
{
	return nn_random(nn_random(net->options.seed, net->draws), (uint64_t) layer);
}

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

#ifdef __cplusplus
}
#endif
#endif
