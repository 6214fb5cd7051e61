/* test_nn_declaration.c: declarations: what is refused and how, sizes, counts of weights, memory. */
#include <string.h>

#include "rpm_nn.h"
#include "rpm_nn_zoo.h"
#include "unit.h"

typedef struct refusal
{
	const char *text;
	const char *message;		/* a part of it */
} refusal;

#define IN "x input channels=6\n"

static const refusal REFUSALS[] = {
	{"", "no output"},
	{"x input channels=3", "no output"},
	{IN "y konv x\no output y", "line 2: there is no layer of kind \"konv\""},
	{IN "y\no output y", "line 2: \"y\" has no kind"},
	{IN "y conv x out=4\no output y", "line 2: conv must say kernel="},
	{IN "y conv x out=4 kernel=3 colour=2\no output y", "line 2: conv has no \"colour\""},
	{IN "y relu x slope=2\no output y", "line 2: relu has no \"slope\""},
	{IN "y conv x out=4 kernel=zero\no output y", "line 2: kernel cannot be \"zero\""},
	{IN "y conv x out=4 kernel=0\no output y", "line 2: kernel cannot be \"0\""},
	{IN "y conv x out=4 kernel=2.5\no output y", "line 2: kernel cannot be \"2.5\""},
	{IN "y conv x out=4 kernel=3 pad=nan\no output y", "line 2: pad cannot be \"nan\""},
	{IN "y conv x out=4 kernel=3 bias=maybe\no output y", "line 2: bias cannot be \"maybe\""},
	{IN "y conv x out=4 kernel=3 kernel=5\no output y", "line 2: \"kernel\" is said twice"},
	{IN "y conv x out=4 kernel=3 x\no output y", "line 2: \"x\" is not key=value"},
	{IN "y conv out=4 kernel=3\no output y", "line 2: conv takes 1 inputs"},
	{IN "y relu x x\no output y", "line 2: relu takes 1 inputs"},
	{IN "y concat x\no output y", "line 2: concat takes at least 2 inputs"},
	{IN "y relu z\no output y", "line 2: layer \"y\" takes \"z\", which no line declares"},
	{IN "y relu x\no output z", "line 3: output \"o\" takes \"z\""},
	{IN "y relu x\ny relu x\no output y", "line 3: \"y\" is declared in line 2 already"},
	{IN "y relu x\no output y\no output x", "line 4: the output \"o\" is there already"},
	{IN "y relu x\nz relu x\no output y", "line 3: nobody takes the value of \"z\""},
	{IN "a add x c\nb relu a\nc relu b\no output c", "is in a cycle of 3 layers"},
	{IN "a relu a\no output a", "line 2: layer \"a\" is in a cycle of 1 layers"},
	{IN "y conv x out=4 kernel=3 groups=4\no output y", "line 2: input channels of layer \"y\", 6, do not divide into 4 groups"},
	{IN "y conv x out=4 kernel=3 groups=3\no output y", "line 2: output channels of layer \"y\", 4, do not divide into 3 groups"},
	{IN "y group_norm x groups=4\no output y", "line 2: channels of layer \"y\", 6, do not divide into 4 groups"},
	{IN "y attention x window=2 heads=4\no output y", "line 2: the 6 channels into layer \"y\" do not divide into 3 times 4 heads"},
	{IN "y conv x out=4 kernel=1\nz add x y\no output z", "line 3: layer \"z\" meets 6 channels of \"x\" with 4 of \"y\""},
	{IN "i index\ny add x i\no output y", "line 3: input 2 of add cannot be the index \"i\""},
	{IN "y embedding x size=3 out=2\no output y", "line 2: input 1 of embedding must be an index, \"x\" is not"},
	{"i index\no output i", "the index \"i\" cannot be an output"},
	{IN "y/z relu x\no output y", "line 2: \"y/z\" is not a name"},
	{IN "y embedding x size=16777216 out=65536\no output y", "line 2:"},
	{"i index\ny embedding i size=16777216 out=65536\no output y", "line 2: with layer \"y\" the network has more than 2^33 weights"},
	{"a b c d e f g h i j k l m n o p q r s t u v w x y z 1 2 3 4 5 6 7\n", "line 1: more than 32 words"},
};

static rpm_code
parse(const char *text, rpm_nn_model **model, rpm_status *status)
{
	rpm_status_clear(status);
	return rpm_nn_parse(text, strlen(text), model, status);
}

static void
test_refusals(void)
{
	for (size_t i = 0; i < sizeof(REFUSALS) / sizeof(REFUSALS[0]); i++)
	{
		rpm_nn_model *model;
		rpm_status	status;

		CHECK(parse(REFUSALS[i].text, &model, &status) != RPM_OK && model == NULL);
		if (strstr(status.message, REFUSALS[i].message) == NULL || status.hint[0] == '\0')
		{
			unit_ok = false;
			printf("  \"%s\"\n  said \"%s\" (%s), not \"%s\"\n", REFUSALS[i].text, status.message, status.hint, REFUSALS[i].message);
		}
		rpm_nn_model_free(model);
	}
}

static void
test_long_and_odd_texts(void)
{
	char	   *text = malloc(300000);
	size_t		length = 0;
	rpm_nn_model *model;
	rpm_status	status;

	rpm_status_clear(&status);
	CHECK(rpm_nn_parse("x input\0channels=3", 18, &model, &status) == RPM_INVALID_ARGUMENT);
	/* A name of 127 letters is the longest. */
	for (int letters = 127; letters <= 128; letters++)
	{
		char		name[129];

		memset(name, 'a', sizeof(name));
		sprintf(text, "%.*s input channels=1\no output %.*s", letters, name, letters, name);
		CHECK((parse(text, &model, &status) == RPM_OK) == (letters == 127));
		rpm_nn_model_free(model);
	}
	for (int i = 0; i < 9000; i++)
		length += (size_t) sprintf(text + length, "l%d input channels=1\n", i);
	CHECK(parse(text, &model, &status) == RPM_LIMIT_EXCEEDED);
	free(text);
}

/* Lines in any order, comments, Windows line ends. */
static void
test_order_does_not_matter(void)
{
	rpm_nn_model *model;
	rpm_status	status;

	CHECK(parse("o output c # the end\r\n\r\nc add a b\r\nb relu x\r\na relu b\r\nx input channels=2\r\n", &model, &status) == RPM_OK);
	CHECK(rpm_nn_input_count(model) == 1 && rpm_nn_output_count(model) == 1);
	CHECK(rpm_nn_input_channels(model, 0) == 2 && strcmp(rpm_nn_output_name(model, 0), "o") == 0);
	rpm_nn_model_free(model);
}

/* Sizes that do not fit are found before anything runs, with the line. */
static void
test_shapes(void)
{
	static const struct
	{
		const char *text;
		rpm_nn_shape shape;
		const char *message;
	}			cases[] = {
		{IN "y max_pool x\nu upsample y align_corners=no\nz concat x u\no output z", {1, 6, 5, 4}, "line 4: layer \"z\" meets a value of 1 x 5 x 4"},
		{IN "y conv x out=1 kernel=5\no output y", {1, 6, 4, 9}, "line 2: the 5 x 5 window of layer \"y\" does not fit into 4 x 9 cells"},
		{IN "y attention x window=4 heads=2\no output y", {1, 6, 8, 6}, "line 2: 8 x 6 cells do not divide into windows of 4"},
		{"x input channels=6 multiple=32\no output x", {1, 6, 64, 48}, "line 1: input \"x\" of 64 x 48 cells does not divide by 32"},
		{IN "o output x", {1, 5, 4, 4}, "line 1: input \"x\" has 6 channels, 5 were given"},
		{IN "o output x", {0, 6, 4, 4}, "line 1: input \"x\" cannot be 0 x 6 x 4 x 4"},
		{IN "o output x", {1 << 20, 6, 1 << 20, 1 << 20}, "cannot be"},
		{IN "y upsample x scale=64 align_corners=no\nz upsample y scale=64 align_corners=no\no output z", {1, 6, 4096, 4096}, "2^40"},
		{IN "y max_pool x kernel=2 pad=2\no output y", {1, 6, 4, 4}, "line 2: layer \"y\" pads 2 cells beside a window of 2"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		rpm_nn_model *model;
		rpm_nn_shape out;
		rpm_status	status;

		CHECK(parse(cases[i].text, &model, &status) == RPM_OK);
		CHECK(rpm_nn_output_shapes(model, &cases[i].shape, &out, &status) != RPM_OK);
		if (strstr(status.message, cases[i].message) == NULL)
		{
			unit_ok = false;
			printf("  said \"%s\", not \"%s\"\n", status.message, cases[i].message);
		}
		rpm_nn_model_free(model);
	}
}

/* The paper's count is 216.5 M; exact counts reckoned by the formula of the reference page. */
static void
test_unet_counts(void)
{
	static const struct
	{
		int			base;
		int64_t		count;
	}			sizes[] = {{64, 216516417}, {16, 13537233}, {8, 3385961}};

	for (size_t i = 0; i < 3; i++)
	{
		rpm_nn_unet unet = {sizes[i].base, 5, 4, 1, 5};
		rpm_nn_shape in = {1, 4, 512, 512},
					out;
		rpm_nn_model *model;
		rpm_status	status;
		char	   *text;

		rpm_status_clear(&status);
		CHECK(rpm_nn_unet_declaration(&unet, &text, &status) == RPM_OK);
		CHECK(parse(text, &model, &status) == RPM_OK);
		printf("  U-Net of base %d: %lld weights\n", sizes[i].base, (long long) rpm_nn_parameter_count(model));
		CHECK(rpm_nn_parameter_count(model) == sizes[i].count);
		CHECK(rpm_nn_output_shapes(model, &in, &out, &status) == RPM_OK && out.c == 1 && out.h == 512 && out.w == 512);
		in.w = 500;
		CHECK(rpm_nn_output_shapes(model, &in, &out, &status) == RPM_INVALID_ARGUMENT);
		rpm_nn_model_free(model);
		free(text);
	}
}

static void
test_maxvit_counts(void)
{
	rpm_nn_maxvit tiny = rpm_nn_maxvit_tiny(512, 3);
	rpm_nn_shape in = {1, 3, 512, 512},
				out[5];
	rpm_nn_model *model;
	rpm_status	status;
	char	   *text;

	rpm_status_clear(&status);
	CHECK(rpm_nn_maxvit_declaration(&tiny, &text, &status) == RPM_OK);
	CHECK(parse(text, &model, &status) == RPM_OK);
	if (model == NULL)
		printf("  %s\n", status.message);
	else
	{
		printf("  MaxViT-T's encoder: %lld weights\n", (long long) rpm_nn_parameter_count(model));
		CHECK_NEAR((double) rpm_nn_parameter_count(model) / 1e6, 30.273, 0.0005);
		CHECK(rpm_nn_output_shapes(model, &in, out, &status) == RPM_OK);
		CHECK(out[0].h == 256 && out[0].c == 64 && out[4].h == 16 && out[4].c == 512);
	}
	rpm_nn_model_free(model);
	free(text);
}

static void
test_memory_is_said_before(void)
{
	rpm_nn_unet unet = {16, 5, 4, 1, 5};
	rpm_nn_shape in = {1, 4, 512, 512};
	rpm_nn_options options = {.backend = RPM_NN_REFERENCE};
	rpm_control control = {.memory_limit_bytes = 50000000, .threads = 1};
	rpm_nn_model *model;
	rpm_nn	   *net;
	rpm_status	status;
	char	   *text;
	size_t		inference = 0,
				training = 0;

	rpm_status_clear(&status);
	CHECK(rpm_nn_unet_declaration(&unet, &text, &status) == RPM_OK && parse(text, &model, &status) == RPM_OK);
	CHECK(rpm_nn_memory(model, &in, &options, NULL, &inference, &status) == RPM_OK);
	options.training = true;
	CHECK(rpm_nn_memory(model, &in, &options, NULL, &training, &status) == RPM_OK);
	printf("  base 16 at 512 x 512: %.1f MB for inference, %.1f MB for training\n", (double) inference / 1e6, (double) training / 1e6);
	/* The widest moment: four values of 16 x 512 x 512 (a skip, two to join, the join counting double); not all 60 of them. */
	CHECK(inference < 8 * 16 * 512 * 512 * sizeof(float));
	CHECK(training > 3 * inference);
	CHECK(rpm_nn_create(model, &in, &options, NULL, &control, &net, &status) == RPM_LIMIT_EXCEEDED && net == NULL);
	CHECK(strstr(status.message, "for training, 48 MB are allowed") != NULL);
	rpm_nn_model_free(model);
	free(text);
}

int
main(void)
{
	RUN(test_refusals);
	RUN(test_long_and_odd_texts);
	RUN(test_order_does_not_matter);
	RUN(test_shapes);
	RUN(test_unet_counts);
	RUN(test_maxvit_counts);
	RUN(test_memory_is_said_before);
	return unit_summary("nn_declaration");
}
