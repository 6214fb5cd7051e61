/*
 * rpm_nn.h: small neural networks declared as text, run forward and backward on the CPU or on a CUDA device.
 *
 * A model is a declaration (docs/networks.md): one layer a line, `name kind inputs... key=value...`.  A net is a model with sizes, a back
 * end and its memory.  Every value has the four dimensions (n, c, h, w); a table of rows is (rows, c, 1, 1).  Arrays that go in and out
 * are plain, row-major NCHW, single precision; what layout a back end keeps inside is its own matter.
 * Weights are one array of floats owned by the caller, in which rpm_nn_tensor() says what lies where.
 */
#ifndef RPM_NN_H
#define RPM_NN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rpm_control.h"
#include "rpm_status.h"

#ifdef __cplusplus
extern "C" {
#endif

#define RPM_NN_NAME_SIZE 128	/* with the closing zero */
#define RPM_NN_MAX_RANK 4

typedef struct rpm_nn_model rpm_nn_model;
typedef struct rpm_nn rpm_nn;

typedef struct rpm_nn_shape
{
	int64_t		n, c, h, w;
} rpm_nn_shape;

typedef enum rpm_nn_tensor_use
{
	RPM_NN_TRAINED,				/* has a gradient */
	RPM_NN_RUNNING,				/* running mean or variance of a batch norm */
	RPM_NN_COUNTER				/* batches seen: a whole number held as a float, in files an I64 without dimensions */
} rpm_nn_tensor_use;

/* One tensor of a model's weights; named layer name, full stop, part (weight, bias, running_mean...), as PyTorch does. */
typedef struct rpm_nn_tensor_info
{
	char		name[RPM_NN_NAME_SIZE + 32];
	rpm_nn_tensor_use use;
	int			rank;
	int64_t		dims[RPM_NN_MAX_RANK];
	int64_t		count;			/* product of dims */
	int64_t		offset;			/* of its first float in the weights */
	int			line;			/* of the declaration */
} rpm_nn_tensor_info;

/*
 * Reads a declaration.  Errors are RPM_INVALID_ARGUMENT and name the line at fault: an unknown kind or key, a name twice or nowhere,
 * a cycle, channels that do not fit or do not divide, a value that nobody uses; RPM_LIMIT_EXCEEDED above 8192 layers or 2^33 weights.
 */
rpm_code	rpm_nn_parse(const char *text, size_t length, rpm_nn_model **model, rpm_status *status);
void		rpm_nn_model_free(rpm_nn_model *model);

int			rpm_nn_input_count(const rpm_nn_model *model);
const char *rpm_nn_input_name(const rpm_nn_model *model, int input);
int			rpm_nn_input_channels(const rpm_nn_model *model, int input);
bool		rpm_nn_input_is_index(const rpm_nn_model *model, int input);	/* takes int32_t, not float */
int			rpm_nn_output_count(const rpm_nn_model *model);
const char *rpm_nn_output_name(const rpm_nn_model *model, int output);

/* Trained weights alone, and all floats of the weights array. */
int64_t		rpm_nn_parameter_count(const rpm_nn_model *model);
int64_t		rpm_nn_weight_count(const rpm_nn_model *model);
int			rpm_nn_tensor_count(const rpm_nn_model *model);
const rpm_nn_tensor_info *rpm_nn_tensor(const rpm_nn_model *model, int tensor);

/*
 * Start values: uniform in +-1/sqrt(fan in) for weights and biases (PyTorch's default for convolution and linear), 1 and 0 for norms,
 * normal(0, 1) for embeddings, normal(0, 0.02) for position biases.  The same seed gives the same weights everywhere.
 */
void		rpm_nn_initialise(const rpm_nn_model *model, uint64_t seed, float *weights);

typedef enum rpm_nn_backend
{
	RPM_NN_AUTO,				/* of the CPU: oneDNN where it is there, else the reference */
	RPM_NN_REFERENCE,			/* plain C, sums in double */
	RPM_NN_ONEDNN,
	RPM_NN_CUDA					/* cuDNN and cuBLAS on a GPU */
} rpm_nn_backend;

/*
 * What a GPU holds values, their gradients and the weights that it multiplies in; sums are of single precision, as are the weights that are
 * trained.  The CPU's back ends have single alone.
 */
typedef enum rpm_nn_precision
{
	RPM_NN_SINGLE,
	RPM_NN_HALF,				/* IEEE 754 binary16; a trainer scales the loss, as small gradients would be zero */
	RPM_NN_BFLOAT16
} rpm_nn_precision;

bool		rpm_nn_backend_available(rpm_nn_backend backend);

/*
 * Where the oneDNN back end is not built in: the library that has it, opened when it is first asked for (rpm_nn_create with RPM_NN_AUTO or
 * RPM_NN_ONEDNN, rpm_nn_backend_available).  One that is not there, or of another build, counts as none.
 */
void		rpm_nn_set_library(const char *path);

/* The library that has the back end for GPUs, opened when RPM_NN_CUDA is first asked for. */
void		rpm_nn_set_cuda_library(const char *path);

/*
 * Whether networks can run on a CUDA device: RPM_UNSUPPORTED, with the reason, where the library is missing, cannot be opened (cuDNN or cuBLAS
 * are not installed) or is of another build, where there is no driver or device, or one below compute capability 7.5;
 * RPM_DEVICE_LOST where it failed in this process before.  *driver: whether the machine has a driver of such devices at all.
 */
rpm_code	rpm_nn_cuda_check(int device, bool *driver, rpm_status *status);

typedef struct rpm_nn_options
{
	rpm_nn_backend backend;
	bool		training;		/* keeps what backward needs; batch norms use the batch's own mean and variance, dropout draws */
	bool		input_gradients;	/* training: backward also finds the gradients of the inputs */
	uint64_t	seed;			/* of dropout and drop path */
	/* Of RPM_NN_CUDA. */
	rpm_nn_precision precision;
	int			device;			/* by the driver's number */
	size_t		device_memory_bytes;	/* the net may take on it; 0: what is free */
} rpm_nn_options;

/* Shapes of the values named as outputs for inputs of such sizes; inputs[i].c must be the declared one.  Errors name the line. */
rpm_code	rpm_nn_output_shapes(const rpm_nn_model *model, const rpm_nn_shape *inputs, rpm_nn_shape *outputs, rpm_status *status);

/*
 * Bytes that rpm_nn_create would take for itself (the caller's weights, gradients and optimiser not counted); nothing large is taken to
 * find out.  The back end's plan depends a little on control->threads.  Of a net on a GPU the bytes of main memory alone.
 */
rpm_code	rpm_nn_memory(const rpm_nn_model *model, const rpm_nn_shape *inputs, const rpm_nn_options *options,
						  const rpm_control *control, size_t *bytes, rpm_status *status);

/*
 * Makes a net.  model and weights (rpm_nn_weight_count floats) must outlive it; in training, batch norms write their running values
 * into weights.  control (may be NULL) gives the threads that all calls use, and the memory limit: RPM_LIMIT_EXCEEDED before anything
 * large is taken; so too where a GPU has less memory free, or allowed, than the net needs.  Errors of a GPU, then and in each call:
 * RPM_UNSUPPORTED, RPM_OUT_OF_MEMORY, RPM_DEVICE_LOST, RPM_INTERNAL.
 */
rpm_code	rpm_nn_create(const rpm_nn_model *model, const rpm_nn_shape *inputs, const rpm_nn_options *options, float *weights,
						  const rpm_control *control, rpm_nn **net, rpm_status *status);
void		rpm_nn_free(rpm_nn *net);

/* Bytes that the net has taken on a GPU; 0 on the CPU. */
size_t		rpm_nn_device_memory(const rpm_nn *net);

rpm_nn_shape rpm_nn_input_shape(const rpm_nn *net, int input);
rpm_nn_shape rpm_nn_output_shape(const rpm_nn *net, int output);

/* After the caller changed the weights of an inference net (a training net looks at them anew in each call). */
void		rpm_nn_weights_changed(rpm_nn *net);

/*
 * inputs[i]: plain NCHW floats, or int32_t where the input is an index; they are read where they lie, in training until the backward
 * is done.  The stop flag of control is looked at between pieces of
 * work of about 100 ms.  Errors: RPM_CANCELLED, RPM_INVALID_ARGUMENT (an index outside its table, with the line).
 */
rpm_code	rpm_nn_forward(rpm_nn *net, const void *const *inputs, rpm_control *control, rpm_status *status);

/* Copies an output of the last forward, plain NCHW. */
rpm_code	rpm_nn_read_output(rpm_nn *net, int output, float *values, rpm_status *status);

/*
 * Backward of the last forward of a training net: output_gradients[o] is d loss / d output o (NULL: zero).  Adds to
 * gradients (rpm_nn_weight_count floats, places of untrained tensors untouched), so that several batches can be summed.
 */
rpm_code	rpm_nn_backward(rpm_nn *net, const float *const *output_gradients, float *gradients, rpm_control *control,
							rpm_status *status);

/* Copies the gradient of an input after rpm_nn_backward, of a net with input_gradients. */
rpm_code	rpm_nn_read_input_gradient(rpm_nn *net, int input, float *values, rpm_status *status);

/* Which draw of dropout comes next: read and set for an exact resume. */
uint64_t	rpm_nn_draws(const rpm_nn *net);
void		rpm_nn_set_draws(rpm_nn *net, uint64_t draws);

#ifdef __cplusplus
}
#endif
#endif
