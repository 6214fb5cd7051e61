/*
 * model.h: a declared network as the rooms of nn/ see it.
 *
 * Each layer makes one value, so that layer and value share a number; inputs are layers too.  Layers stand in an order in which
 * every input comes before its user.
 */
#ifndef RPM_NN_MODEL_H
#define RPM_NN_MODEL_H

#include <string.h>

#include "rpm_nn.h"

#ifdef __cplusplus
extern "C" {
#endif

#define NN_MAX_INPUTS 8
#define NN_MAX_TENSORS 5
#define NN_MAX_LAYERS 8192
#define NN_PAD_SAME (-1)		/* TensorFlow's: the odd cell goes right and below */

/* What a declaration can say of a layer; which kind takes which is in kinds.c. */
typedef enum nn_option
{
	NN_CHANNELS, NN_OUT, NN_KERNEL, NN_STRIDE, NN_PAD, NN_GROUPS, NN_BIAS, NN_SLOPE, NN_EPSILON, NN_MOMENTUM, NN_SCALE, NN_ALIGN,
	NN_WINDOW, NN_HEADS, NN_GRID, NN_RATE, NN_SIZE, NN_MULTIPLE, NN_OPTION_COUNT
} nn_option;

typedef enum nn_code
{
	NN_INPUT, NN_INDEX, NN_CONV, NN_DECONV, NN_LINEAR, NN_EMBEDDING, NN_BATCH_NORM, NN_LAYER_NORM, NN_GROUP_NORM, NN_RELU, NN_LEAKY_RELU,
	NN_GELU, NN_SILU, NN_SIGMOID, NN_TANH, NN_SOFTMAX, NN_MAX_POOL, NN_AVG_POOL, NN_MEAN, NN_UPSAMPLE, NN_CONCAT, NN_ADD, NN_MUL,
	NN_ATTENTION, NN_DROPOUT, NN_DROP_PATH, NN_GATHER, NN_SEGMENT_SUM
} nn_code;

typedef struct nn_kind nn_kind;

typedef struct nn_layer
{
	char		name[RPM_NN_NAME_SIZE];
	const nn_kind *kind;
	int			line;
	int			input_count;
	int			inputs[NN_MAX_INPUTS];
	int			consumers;		/* layers that take this value; an output counts as one */
	bool		is_output;
	bool		needs_gradient; /* a trained weight lies upstream, or here */
	int			channels;		/* of its value */
	double		option[NN_OPTION_COUNT];
	int			first_tensor,
				tensor_count;
} nn_layer;

struct rpm_nn_model
{
	nn_layer   *layers;
	int			layer_count;
	int		   *inputs;			/* layers */
	int			input_count;
	int		   *outputs;		/* layers */
	char		(*output_names)[RPM_NN_NAME_SIZE];
	int			output_count;
	rpm_nn_tensor_info *tensors;
	int			tensor_count;
	int64_t		weight_count;
	int64_t		parameter_count;
};

/* A sliding window over the larger of two images: kernel, stride and the cells before and after it. */
typedef struct nn_sliding
{
	int64_t		kernel, stride, top, left, bottom, right;
} nn_sliding;

typedef struct nn_call nn_call;
typedef rpm_code (*nn_function) (nn_call *call);

/* One kind of layer. */
struct nn_kind
{
	const char *name;
	nn_code		code;
	int			min_inputs,
				max_inputs;
	int			index_input;	/* which input takes whole numbers; -1: none */
	struct
	{
		nn_option	option;
		double		otherwise;	/* NAN: must be said */
	}			options[8];		/* closed by option NN_OPTION_COUNT */
	/* Checks the channels of the inputs, sets layer->channels and declares tensors. */
	rpm_code	(*declare) (rpm_nn_model *model, nn_layer *layer, rpm_status *status);
	/* The value's h and w (and n, where it is not the first input's) from those of the inputs. */
	rpm_code	(*measure) (const nn_layer *layer, const rpm_nn_shape *const *in, rpm_nn_shape *out, rpm_status *status);
	nn_function forward,
				backward;		/* the reference's; backward adds to the gradients */
	int			saved_per_channel;	/* floats that forward keeps for backward in training */
};

/* What a layer's function is given.  Arrays are plain NCHW. */
struct nn_call
{
	const nn_layer *layer;
	rpm_nn_shape in_shape[NN_MAX_INPUTS];
	rpm_nn_shape out_shape;
	const void *in[NN_MAX_INPUTS];
	float	   *out;
	const float *out_gradient;
	float	   *in_gradient[NN_MAX_INPUTS]; /* NULL: not wanted */
	float	   *tensor[NN_MAX_TENSORS];
	float	   *tensor_gradient[NN_MAX_TENSORS];
	float	   *saved;
	bool		training;
	uint64_t	draw;			/* seed of this layer's random numbers in this pass */
	rpm_control *control;
	rpm_status *status;
};

/* Finds a kind by name; NULL where there is none. */
const nn_kind *nn_find_kind(const char *name);
/* Finds an option by its word; NN_OPTION_COUNT where there is none. */
nn_option	nn_find_option(const char *name);
const char *nn_option_name(nn_option option);
/* Reads the value of an option ("5", "same", "yes"); false where it cannot be. */
bool		nn_read_option(nn_option option, const char *text, double *value);

/* Adds a tensor to the layer being declared. */
rpm_code	nn_declare_tensor(rpm_nn_model *model, nn_layer *layer, const char *part, rpm_nn_tensor_use use, int rank,
							  const int64_t *dims, rpm_status *status);

/* Orders the layers, resolves channels and tensors; layers come as they were written, with their inputs as numbers. */
rpm_code	nn_resolve(rpm_nn_model *model, rpm_status *status);

/* Shapes of all values for such inputs. */
rpm_code	nn_measure(const rpm_nn_model *model, const rpm_nn_shape *inputs, rpm_nn_shape *shapes, rpm_status *status);

/* The sliding window of a conv, deconv or pool; larger is the image that it slides over. */
nn_sliding	nn_sliding_of(const nn_layer *layer, const rpm_nn_shape *larger);

static inline int64_t nn_elements(const rpm_nn_shape *shape)
{
	return shape->n * shape->c * shape->h * shape->w;
}

#ifdef __cplusplus
}
#endif
#endif
