/* kinds.c: the kinds of layers: what each takes, which options it has, what tensors it owns. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nn/measure.h"
#include "nn/model.h"
#include "nn/reference.h"

#define MUST NAN
#define END {NN_OPTION_COUNT, 0}

static rpm_code declare_input(rpm_nn_model *model, nn_layer *layer, rpm_status *status);
static rpm_code declare_index(rpm_nn_model *model, nn_layer *layer, rpm_status *status);
static rpm_code declare_conv(rpm_nn_model *model, nn_layer *layer, rpm_status *status);
static rpm_code declare_deconv(rpm_nn_model *model, nn_layer *layer, rpm_status *status);
static rpm_code declare_linear(rpm_nn_model *model, nn_layer *layer, rpm_status *status);
static rpm_code declare_embedding(rpm_nn_model *model, nn_layer *layer, rpm_status *status);
static rpm_code declare_batch_norm(rpm_nn_model *model, nn_layer *layer, rpm_status *status);
static rpm_code declare_norm(rpm_nn_model *model, nn_layer *layer, rpm_status *status);
static rpm_code declare_like(rpm_nn_model *model, nn_layer *layer, rpm_status *status);
static rpm_code declare_concat(rpm_nn_model *model, nn_layer *layer, rpm_status *status);
static rpm_code declare_pair(rpm_nn_model *model, nn_layer *layer, rpm_status *status);
static rpm_code declare_attention(rpm_nn_model *model, nn_layer *layer, rpm_status *status);
static int	channels_in(const rpm_nn_model *model, const nn_layer *layer);
static rpm_code check_groups(const rpm_nn_model *model, const nn_layer *layer, int channels, const char *which, rpm_status *status);

static const nn_kind KINDS[] = {
	{"input", NN_INPUT, 0, 0, -1, {{NN_CHANNELS, MUST}, {NN_MULTIPLE, 1}, END}, declare_input, nn_measure_input, NULL, NULL, 0},
	{"index", NN_INDEX, 0, 0, -1, {END}, declare_index, nn_measure_input, NULL, NULL, 0},
	{"conv", NN_CONV, 1, 1, -1, {{NN_OUT, MUST}, {NN_KERNEL, MUST}, {NN_STRIDE, 1}, {NN_PAD, 0}, {NN_GROUPS, 1}, {NN_BIAS, 1}, END},
	declare_conv, nn_measure_window, nn_conv_forward, nn_conv_backward, 0},
	{"deconv", NN_DECONV, 1, 1, -1, {{NN_OUT, MUST}, {NN_KERNEL, MUST}, {NN_STRIDE, 1}, {NN_PAD, 0}, {NN_GROUPS, 1}, {NN_BIAS, 1}, END},
	declare_deconv, nn_measure_deconv, nn_deconv_forward, nn_deconv_backward, 0},
	{"linear", NN_LINEAR, 1, 1, -1, {{NN_OUT, MUST}, {NN_BIAS, 1}, END}, declare_linear, nn_measure_like, nn_conv_forward, nn_conv_backward, 0},
	{"embedding", NN_EMBEDDING, 1, 1, 0, {{NN_SIZE, MUST}, {NN_OUT, MUST}, END}, declare_embedding, nn_measure_like,
	nn_embedding_forward, nn_embedding_backward, 0},
	{"batch_norm", NN_BATCH_NORM, 1, 1, -1, {{NN_EPSILON, 1e-5}, {NN_MOMENTUM, 0.1}, END}, declare_batch_norm, nn_measure_like,
	nn_batch_norm_forward, nn_batch_norm_backward, 2},
	{"layer_norm", NN_LAYER_NORM, 1, 1, -1, {{NN_EPSILON, 1e-5}, END}, declare_norm, nn_measure_like,
	nn_layer_norm_forward, nn_layer_norm_backward, 0},
	{"group_norm", NN_GROUP_NORM, 1, 1, -1, {{NN_GROUPS, MUST}, {NN_EPSILON, 1e-5}, END}, declare_norm, nn_measure_like,
	nn_group_norm_forward, nn_group_norm_backward, 0},
	{"relu", NN_RELU, 1, 1, -1, {END}, declare_like, nn_measure_like, nn_activation_forward, nn_activation_backward, 0},
	{"leaky_relu", NN_LEAKY_RELU, 1, 1, -1, {{NN_SLOPE, 0.01}, END}, declare_like, nn_measure_like, nn_activation_forward, nn_activation_backward, 0},
	{"gelu", NN_GELU, 1, 1, -1, {END}, declare_like, nn_measure_like, nn_activation_forward, nn_activation_backward, 0},
	{"silu", NN_SILU, 1, 1, -1, {END}, declare_like, nn_measure_like, nn_activation_forward, nn_activation_backward, 0},
	{"sigmoid", NN_SIGMOID, 1, 1, -1, {END}, declare_like, nn_measure_like, nn_activation_forward, nn_activation_backward, 0},
	{"tanh", NN_TANH, 1, 1, -1, {END}, declare_like, nn_measure_like, nn_activation_forward, nn_activation_backward, 0},
	{"softmax", NN_SOFTMAX, 1, 1, -1, {END}, declare_like, nn_measure_like, nn_softmax_forward, nn_softmax_backward, 0},
	{"max_pool", NN_MAX_POOL, 1, 1, -1, {{NN_KERNEL, 2}, {NN_STRIDE, 2}, {NN_PAD, 0}, END}, declare_like, nn_measure_window,
	nn_max_pool_forward, nn_max_pool_backward, 0},
	{"avg_pool", NN_AVG_POOL, 1, 1, -1, {{NN_KERNEL, 2}, {NN_STRIDE, 2}, {NN_PAD, 0}, END}, declare_like, nn_measure_window,
	nn_avg_pool_forward, nn_avg_pool_backward, 0},
	{"mean", NN_MEAN, 1, 1, -1, {END}, declare_like, nn_measure_mean, nn_mean_forward, nn_mean_backward, 0},
	{"upsample", NN_UPSAMPLE, 1, 1, -1, {{NN_SCALE, 2}, {NN_ALIGN, MUST}, END}, declare_like, nn_measure_upsample,
	nn_upsample_forward, nn_upsample_backward, 0},
	{"concat", NN_CONCAT, 2, NN_MAX_INPUTS, -1, {END}, declare_concat, nn_measure_same, nn_concat_forward, nn_concat_backward, 0},
	{"add", NN_ADD, 2, 2, -1, {END}, declare_pair, nn_measure_same, nn_add_forward, nn_add_backward, 0},
	{"mul", NN_MUL, 2, 2, -1, {END}, declare_pair, nn_measure_mul, nn_mul_forward, nn_mul_backward, 0},
	{"attention", NN_ATTENTION, 1, 1, -1, {{NN_WINDOW, MUST}, {NN_HEADS, MUST}, {NN_GRID, 0}, END}, declare_attention,
	nn_measure_attention, nn_attention_forward, nn_attention_backward, 0},
	{"dropout", NN_DROPOUT, 1, 1, -1, {{NN_RATE, MUST}, END}, declare_like, nn_measure_like, nn_dropout_forward, nn_dropout_backward, 0},
	{"drop_path", NN_DROP_PATH, 1, 1, -1, {{NN_RATE, MUST}, END}, declare_like, nn_measure_like, nn_dropout_forward, nn_dropout_backward, 0},
	{"gather", NN_GATHER, 2, 2, 1, {END}, declare_like, nn_measure_gather, nn_gather_forward, nn_gather_backward, 0},
	{"segment_sum", NN_SEGMENT_SUM, 3, 3, 1, {END}, declare_like, nn_measure_segment, nn_segment_sum_forward, nn_segment_sum_backward, 0},
};

/* Least and largest value; whole: of a whole number. */
static const struct
{
	const char *name;
	double		least,
				most;
	bool		whole;
}			OPTIONS[NN_OPTION_COUNT] = {
	[NN_CHANNELS] = {"channels", 1, 65536, true},
	[NN_OUT] = {"out", 1, 65536, true},
	[NN_KERNEL] = {"kernel", 1, 64, true},
	[NN_STRIDE] = {"stride", 1, 64, true},
	[NN_PAD] = {"pad", 0, 64, true},
	[NN_GROUPS] = {"groups", 1, 65536, true},
	[NN_BIAS] = {"bias", 0, 1, true},
	[NN_SLOPE] = {"slope", 0, 1, false},
	[NN_EPSILON] = {"eps", 1e-12, 1, false},
	[NN_MOMENTUM] = {"momentum", 0, 1, false},
	[NN_SCALE] = {"scale", 1, 64, true},
	[NN_ALIGN] = {"align_corners", 0, 1, true},
	[NN_WINDOW] = {"window", 1, 256, true},
	[NN_HEADS] = {"heads", 1, 1024, true},
	[NN_GRID] = {"partition", 0, 1, true},
	[NN_RATE] = {"rate", 0, 0.99, false},
	[NN_SIZE] = {"size", 1, 16777216, true},
	[NN_MULTIPLE] = {"multiple", 1, 4096, true},
};

const nn_kind *
nn_find_kind(const char *name)
{
	for (size_t i = 0; i < sizeof(KINDS) / sizeof(KINDS[0]); i++)
		if (strcmp(KINDS[i].name, name) == 0)
			return &KINDS[i];
	return NULL;
}

nn_option
nn_find_option(const char *name)
{
	for (int i = 0; i < NN_OPTION_COUNT; i++)
		if (strcmp(OPTIONS[i].name, name) == 0)
			return (nn_option) i;
	return NN_OPTION_COUNT;
}

const char *
nn_option_name(nn_option option)
{
	return OPTIONS[option].name;
}

bool
nn_read_option(nn_option option, const char *text, double *value)
{
	static const struct
	{
		nn_option	option;
		const char *word;
		double		value;
	}			words[] = {{NN_PAD, "same", NN_PAD_SAME}, {NN_BIAS, "no", 0}, {NN_BIAS, "yes", 1}, {NN_ALIGN, "no", 0}, {NN_ALIGN, "yes", 1},
	{NN_GRID, "block", 0}, {NN_GRID, "grid", 1}};
	bool		has_words = option == NN_BIAS || option == NN_ALIGN || option == NN_GRID;
	char	   *end;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (words[i].option == option && strcmp(words[i].word, text) == 0)
		{
			*value = words[i].value;
			return true;
		}
	if (has_words || strspn(text, "0123456789.eE+-") != strlen(text))
		return false;
	*value = strtod(text, &end);
	return *text != '\0' && *end == '\0' && *value >= OPTIONS[option].least && *value <= OPTIONS[option].most &&
		(!OPTIONS[option].whole || *value == floor(*value));
}

rpm_code
nn_declare_tensor(rpm_nn_model *model, nn_layer *layer, const char *part, rpm_nn_tensor_use use, int rank, const int64_t *dims,
				  rpm_status *status)
{
	rpm_nn_tensor_info *tensor = &model->tensors[model->tensor_count];

	snprintf(tensor->name, sizeof(tensor->name), "%s.%s", layer->name, part);
	tensor->use = use;
	tensor->rank = rank;
	tensor->count = 1;
	tensor->line = layer->line;
	for (int i = 0; i < rank; i++)
	{
		tensor->dims[i] = dims[i];
		tensor->count *= dims[i];
	}
	/* Every tensor begins on a boundary of 64 bytes. */
	tensor->offset = (model->weight_count + 15) / 16 * 16;
	model->weight_count = tensor->offset + tensor->count;
	if (model->weight_count > (int64_t) 1 << 33)
		return rpm_fail(status, RPM_LIMIT_EXCEEDED, "Declare fewer or narrower layers.",
						"line %d: with layer \"%s\" the network has more than 2^33 weights", layer->line, layer->name);
	if (use == RPM_NN_TRAINED)
		model->parameter_count += tensor->count;
	model->tensor_count++;
	layer->tensor_count++;
	return RPM_OK;
}

static int
channels_in(const rpm_nn_model *model, const nn_layer *layer)
{
	return model->layers[layer->inputs[0]].channels;
}

static rpm_code
declare_input(rpm_nn_model *model, nn_layer *layer, rpm_status *status)
{
	(void) model;
	(void) status;
	layer->channels = (int) layer->option[NN_CHANNELS];
	return RPM_OK;
}

static rpm_code
declare_index(rpm_nn_model *model, nn_layer *layer, rpm_status *status)
{
	(void) model;
	(void) status;
	layer->channels = 1;
	return RPM_OK;
}

static rpm_code
check_groups(const rpm_nn_model *model, const nn_layer *layer, int channels, const char *which, rpm_status *status)
{
	int			groups = (int) layer->option[NN_GROUPS];

	(void) model;
	if (channels % groups != 0)
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "Choose groups that divide the channels before and after the layer.",
						"line %d: %s of layer \"%s\", %d, do not divide into %d groups", layer->line, which, layer->name, channels, groups);
	return RPM_OK;
}

static rpm_code
declare_conv(rpm_nn_model *model, nn_layer *layer, rpm_status *status)
{
	int			in = channels_in(model, layer);
	int64_t		dims[4] = {(int64_t) layer->option[NN_OUT], in / (int64_t) layer->option[NN_GROUPS], (int64_t) layer->option[NN_KERNEL],
	(int64_t) layer->option[NN_KERNEL]};

	layer->channels = (int) layer->option[NN_OUT];
	if (check_groups(model, layer, in, "input channels", status) != RPM_OK ||
		check_groups(model, layer, layer->channels, "output channels", status) != RPM_OK ||
		nn_declare_tensor(model, layer, "weight", RPM_NN_TRAINED, 4, dims, status) != RPM_OK)
		return status->code;
	return layer->option[NN_BIAS] != 0 ? nn_declare_tensor(model, layer, "bias", RPM_NN_TRAINED, 1, dims, status) : RPM_OK;
}

static rpm_code
declare_deconv(rpm_nn_model *model, nn_layer *layer, rpm_status *status)
{
	int			in = channels_in(model, layer);
	int64_t		out = (int64_t) layer->option[NN_OUT];
	int64_t		dims[4] = {in, out / (int64_t) layer->option[NN_GROUPS], (int64_t) layer->option[NN_KERNEL], (int64_t) layer->option[NN_KERNEL]};

	layer->channels = (int) out;
	if (check_groups(model, layer, in, "input channels", status) != RPM_OK ||
		check_groups(model, layer, layer->channels, "output channels", status) != RPM_OK ||
		nn_declare_tensor(model, layer, "weight", RPM_NN_TRAINED, 4, dims, status) != RPM_OK)
		return status->code;
	return layer->option[NN_BIAS] != 0 ? nn_declare_tensor(model, layer, "bias", RPM_NN_TRAINED, 1, &out, status) : RPM_OK;
}

static rpm_code
declare_linear(rpm_nn_model *model, nn_layer *layer, rpm_status *status)
{
	int64_t		dims[2] = {(int64_t) layer->option[NN_OUT], channels_in(model, layer)};

	/* A linear layer over the channels is a 1 x 1 convolution. */
	layer->channels = (int) layer->option[NN_OUT];
	layer->option[NN_KERNEL] = layer->option[NN_STRIDE] = layer->option[NN_GROUPS] = 1;
	layer->option[NN_PAD] = 0;
	if (nn_declare_tensor(model, layer, "weight", RPM_NN_TRAINED, 2, dims, status) != RPM_OK)
		return status->code;
	return layer->option[NN_BIAS] != 0 ? nn_declare_tensor(model, layer, "bias", RPM_NN_TRAINED, 1, dims, status) : RPM_OK;
}

static rpm_code
declare_embedding(rpm_nn_model *model, nn_layer *layer, rpm_status *status)
{
	int64_t		dims[2] = {(int64_t) layer->option[NN_SIZE], (int64_t) layer->option[NN_OUT]};

	layer->channels = (int) layer->option[NN_OUT];
	return nn_declare_tensor(model, layer, "weight", RPM_NN_TRAINED, 2, dims, status);
}

static rpm_code
declare_batch_norm(rpm_nn_model *model, nn_layer *layer, rpm_status *status)
{
	int64_t		channels = channels_in(model, layer);

	if (declare_norm(model, layer, status) != RPM_OK ||
		nn_declare_tensor(model, layer, "running_mean", RPM_NN_RUNNING, 1, &channels, status) != RPM_OK ||
		nn_declare_tensor(model, layer, "running_var", RPM_NN_RUNNING, 1, &channels, status) != RPM_OK)
		return status->code;
	return nn_declare_tensor(model, layer, "num_batches_tracked", RPM_NN_COUNTER, 0, NULL, status);
}

/* Scale and shift per channel. */
static rpm_code
declare_norm(rpm_nn_model *model, nn_layer *layer, rpm_status *status)
{
	int64_t		channels = channels_in(model, layer);

	layer->channels = (int) channels;
	if (layer->kind->code == NN_GROUP_NORM && check_groups(model, layer, layer->channels, "channels", status) != RPM_OK)
		return status->code;
	if (nn_declare_tensor(model, layer, "weight", RPM_NN_TRAINED, 1, &channels, status) != RPM_OK)
		return status->code;
	return nn_declare_tensor(model, layer, "bias", RPM_NN_TRAINED, 1, &channels, status);
}

static rpm_code
declare_like(rpm_nn_model *model, nn_layer *layer, rpm_status *status)
{
	(void) status;
	layer->channels = channels_in(model, layer);
	return RPM_OK;
}

static rpm_code
declare_concat(rpm_nn_model *model, nn_layer *layer, rpm_status *status)
{
	layer->channels = 0;
	for (int i = 0; i < layer->input_count; i++)
		layer->channels += model->layers[layer->inputs[i]].channels;
	if (layer->channels > OPTIONS[NN_CHANNELS].most)
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "Join fewer or narrower values.",
						"line %d: layer \"%s\" joins %d channels", layer->line, layer->name, layer->channels);
	return RPM_OK;
}

static rpm_code
declare_pair(rpm_nn_model *model, nn_layer *layer, rpm_status *status)
{
	const nn_layer *other = &model->layers[layer->inputs[1]];

	layer->channels = channels_in(model, layer);
	if (other->channels != layer->channels)
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "Both inputs need as many channels; a conv of kernel 1 makes them so.",
						"line %d: layer \"%s\" meets %d channels of \"%s\" with %d of \"%s\"", layer->line, layer->name, layer->channels,
						model->layers[layer->inputs[0]].name, other->channels, other->name);
	return RPM_OK;
}

static rpm_code
declare_attention(rpm_nn_model *model, nn_layer *layer, rpm_status *status)
{
	int			heads = (int) layer->option[NN_HEADS],
				in = channels_in(model, layer);
	int64_t		span = 2 * (int64_t) layer->option[NN_WINDOW] - 1;
	int64_t		dims[3] = {heads, span, span};

	if (in % (3 * heads) != 0)
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "Give it queries, keys and values: 3 x heads x head size channels.",
						"line %d: the %d channels into layer \"%s\" do not divide into 3 times %d heads", layer->line, in, layer->name, heads);
	layer->channels = in / 3;
	return nn_declare_tensor(model, layer, "relative_position_bias_table", RPM_NN_TRAINED, 3, dims, status);
}
