/* parse.c: the text of a declaration into layers (docs/networks.md). */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "nn/model.h"

#define MOST_TEXT ((size_t) 1 << 22)
#define MOST_WORDS 32

/* A line cut into words, and the names of inputs until all layers are known. */
typedef struct pending_layer
{
	char		inputs[NN_MAX_INPUTS][RPM_NN_NAME_SIZE];
} pending_layer;

typedef struct parser
{
	rpm_nn_model *model;
	pending_layer *pending;
	int		   *output_lines;
	char		(*output_inputs)[RPM_NN_NAME_SIZE];
	int			line;
	char	   *words[MOST_WORDS];
	int			word_count;
	rpm_status *status;
} parser;

static rpm_code allocate(parser *p, const char *text, size_t length);
static rpm_code read_line(parser *p, char *line);
static rpm_code cut_words(parser *p, char *line);
static rpm_code check_name(parser *p, const char *name);
static rpm_code read_output(parser *p);
static rpm_code read_layer(parser *p);
static rpm_code read_inputs(parser *p, nn_layer *layer, int *word);
static rpm_code read_options(parser *p, nn_layer *layer, int word);
static bool kind_has(const nn_kind *kind, nn_option option);
static rpm_code link_names(parser *p);
static int	find_layer(const parser *p, const char *name);
static void free_parser(parser *p);

rpm_code
rpm_nn_parse(const char *text, size_t length, rpm_nn_model **model, rpm_status *status)
{
	parser		p = {.status = status};
	char	   *copy = NULL;

	*model = NULL;
	if (length > MOST_TEXT)
		return rpm_fail(status, RPM_LIMIT_EXCEEDED, "A line per layer is all that is needed.", "the declaration has more than %zu bytes",
						MOST_TEXT);
	if (memchr(text, '\0', length) != NULL)
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "A declaration is plain text.", "the declaration holds a zero byte");
	copy = malloc(length + 1);
	if (copy == NULL || allocate(&p, text, length) != RPM_OK)
		rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "out of memory");
	else
	{
		memcpy(copy, text, length);
		copy[length] = '\0';
		for (char *line = copy, *next; line != NULL && status->code == RPM_OK; line = next)
		{
			next = strchr(line, '\n');
			if (next != NULL)
				*next++ = '\0';
			p.line++;
			read_line(&p, line);
		}
		if (status->code == RPM_OK && link_names(&p) == RPM_OK)
			nn_resolve(p.model, status);
	}
	free(copy);
	if (status->code == RPM_OK)
	{
		*model = p.model;
		p.model = NULL;
	}
	free_parser(&p);
	return status->code;
}

/* No more layers than lines. */
static rpm_code
allocate(parser *p, const char *text, size_t length)
{
	size_t		lines = 1;

	for (size_t i = 0; i < length; i++)
		lines += text[i] == '\n';
	if (lines > 4 * NN_MAX_LAYERS)
		lines = 4 * NN_MAX_LAYERS;
	p->model = calloc(1, sizeof(rpm_nn_model));
	p->pending = calloc(lines, sizeof(pending_layer));
	p->output_lines = calloc(lines, sizeof(int));
	p->output_inputs = calloc(lines, RPM_NN_NAME_SIZE);
	if (p->model == NULL || p->pending == NULL || p->output_lines == NULL || p->output_inputs == NULL)
		return RPM_OUT_OF_MEMORY;
	p->model->layers = calloc(lines, sizeof(nn_layer));
	p->model->inputs = calloc(lines, sizeof(int));
	p->model->outputs = calloc(lines, sizeof(int));
	p->model->output_names = calloc(lines, RPM_NN_NAME_SIZE);
	if (p->model->layers == NULL || p->model->inputs == NULL || p->model->outputs == NULL || p->model->output_names == NULL)
		return RPM_OUT_OF_MEMORY;
	return RPM_OK;
}

static void
free_parser(parser *p)
{
	rpm_nn_model_free(p->model);
	free(p->pending);
	free(p->output_lines);
	free(p->output_inputs);
}

static rpm_code
read_line(parser *p, char *line)
{
	if (cut_words(p, line) != RPM_OK)
		return p->status->code;
	if (p->word_count == 0)
		return RPM_OK;
	if (p->model->layer_count + p->model->output_count >= NN_MAX_LAYERS)
		return rpm_fail(p->status, RPM_LIMIT_EXCEEDED, "Declare fewer layers.", "line %d: more than %d layers", p->line, NN_MAX_LAYERS);
	if (p->word_count < 2)
		return rpm_fail(p->status, RPM_INVALID_ARGUMENT, "Write: name kind inputs... key=value...", "line %d: \"%.64s\" has no kind", p->line,
						p->words[0]);
	if (check_name(p, p->words[0]) != RPM_OK)
		return p->status->code;
	return strcmp(p->words[1], "output") == 0 ? read_output(p) : read_layer(p);
}

static rpm_code
cut_words(parser *p, char *line)
{
	p->word_count = 0;
	for (char *at = line; *at != '\0' && *at != '#';)
	{
		char	   *word;

		if (isspace((unsigned char) *at))
		{
			at++;
			continue;
		}
		word = at;
		while (*at != '\0' && *at != '#' && !isspace((unsigned char) *at))
			at++;
		if (p->word_count == MOST_WORDS)
			return rpm_fail(p->status, RPM_INVALID_ARGUMENT, "One layer a line.", "line %d: more than %d words", p->line, MOST_WORDS);
		p->words[p->word_count++] = word;
		if (*at == '#')
			*at = '\0';
		else if (*at != '\0')
			*at++ = '\0';
	}
	return RPM_OK;
}

static rpm_code
check_name(parser *p, const char *name)
{
	size_t		length = strlen(name);

	for (size_t i = 0; i < length; i++)
		if (!isalnum((unsigned char) name[i]) && strchr("_.-", name[i]) == NULL)
			return rpm_fail(p->status, RPM_INVALID_ARGUMENT, "Names have letters, digits, _ . and -.",
							"line %d: \"%.64s\" is not a name", p->line, name);
	if (length >= RPM_NN_NAME_SIZE)
		return rpm_fail(p->status, RPM_INVALID_ARGUMENT, NULL, "line %d: the name \"%.64s...\" has more than %d letters", p->line, name,
						RPM_NN_NAME_SIZE - 1);
	return RPM_OK;
}

/* NAME output VALUE */
static rpm_code
read_output(parser *p)
{
	rpm_nn_model *model = p->model;
	int			number = model->output_count;

	if (p->word_count != 3)
		return rpm_fail(p->status, RPM_INVALID_ARGUMENT, "Write: name output value", "line %d: an output names one value", p->line);
	if (check_name(p, p->words[2]) != RPM_OK)
		return p->status->code;
	for (int i = 0; i < number; i++)
		if (strcmp(model->output_names[i], p->words[0]) == 0)
			return rpm_fail(p->status, RPM_INVALID_ARGUMENT, "Give each output a name of its own.",
							"line %d: the output \"%s\" is there already", p->line, p->words[0]);
	strcpy(model->output_names[number], p->words[0]);
	strcpy(p->output_inputs[number], p->words[2]);
	p->output_lines[number] = p->line;
	model->output_count++;
	return RPM_OK;
}

static rpm_code
read_layer(parser *p)
{
	nn_layer   *layer = &p->model->layers[p->model->layer_count];
	int			word = 2,
				before = find_layer(p, p->words[0]);

	if (before >= 0)
		return rpm_fail(p->status, RPM_INVALID_ARGUMENT, "Give each layer a name of its own.",
						"line %d: \"%s\" is declared in line %d already", p->line, p->words[0], p->model->layers[before].line);
	strcpy(layer->name, p->words[0]);
	layer->line = p->line;
	layer->kind = nn_find_kind(p->words[1]);
	if (layer->kind == NULL)
		return rpm_fail(p->status, RPM_INVALID_ARGUMENT, "docs/networks.md lists the kinds.", "line %d: there is no layer of kind \"%.64s\"",
						p->line, p->words[1]);
	if (read_inputs(p, layer, &word) != RPM_OK || read_options(p, layer, word) != RPM_OK)
		return p->status->code;
	p->model->layer_count++;
	return RPM_OK;
}

static rpm_code
read_inputs(parser *p, nn_layer *layer, int *word)
{
	const nn_kind *kind = layer->kind;

	for (; *word < p->word_count && strchr(p->words[*word], '=') == NULL; (*word)++)
	{
		if (check_name(p, p->words[*word]) != RPM_OK)
			return p->status->code;
		if (layer->input_count == kind->max_inputs)
			break;
		strcpy(p->pending[p->model->layer_count].inputs[layer->input_count++], p->words[*word]);
	}
	if (layer->input_count < kind->min_inputs || (*word < p->word_count && strchr(p->words[*word], '=') == NULL))
		return rpm_fail(p->status, RPM_INVALID_ARGUMENT, "Write: name kind inputs... key=value...",
						kind->min_inputs == kind->max_inputs ? "line %d: %s takes %d inputs" : "line %d: %s takes at least %d inputs, at most %d",
						p->line, kind->name, kind->min_inputs, kind->max_inputs);
	return RPM_OK;
}

static rpm_code
read_options(parser *p, nn_layer *layer, int word)
{
	const nn_kind *kind = layer->kind;

	for (int i = 0; i < NN_OPTION_COUNT; i++)
		layer->option[i] = NAN;
	for (; word < p->word_count; word++)
	{
		char	   *value = strchr(p->words[word], '=');
		nn_option	option;

		if (value == NULL)
			return rpm_fail(p->status, RPM_INVALID_ARGUMENT, "Inputs come before the first key=value.",
							"line %d: \"%.64s\" is not key=value", p->line, p->words[word]);
		*value++ = '\0';
		option = nn_find_option(p->words[word]);
		if (option == NN_OPTION_COUNT || !kind_has(kind, option))
			return rpm_fail(p->status, RPM_INVALID_ARGUMENT, "docs/networks.md lists what each kind takes.",
							"line %d: %s has no \"%.64s\"", p->line, kind->name, p->words[word]);
		if (!isnan(layer->option[option]))
			return rpm_fail(p->status, RPM_INVALID_ARGUMENT, "Say each key once.", "line %d: \"%s\" is said twice", p->line, p->words[word]);
		if (!nn_read_option(option, value, &layer->option[option]))
			return rpm_fail(p->status, RPM_INVALID_ARGUMENT, "docs/networks.md lists what each key can be.",
							"line %d: %s cannot be \"%.64s\"", p->line, p->words[word], value);
	}
	for (int i = 0; kind->options[i].option != NN_OPTION_COUNT; i++)
	{
		nn_option	option = kind->options[i].option;

		if (!isnan(layer->option[option]))
			continue;
		if (isnan(kind->options[i].otherwise))
			return rpm_fail(p->status, RPM_INVALID_ARGUMENT, "docs/networks.md lists what each kind takes.",
							"line %d: %s must say %s=", p->line, kind->name, nn_option_name(option));
		layer->option[option] = kind->options[i].otherwise;
	}
	return RPM_OK;
}

static bool
kind_has(const nn_kind *kind, nn_option option)
{
	for (int i = 0; kind->options[i].option != NN_OPTION_COUNT; i++)
		if (kind->options[i].option == option)
			return true;
	return false;
}

static int
find_layer(const parser *p, const char *name)
{
	for (int i = 0; i < p->model->layer_count; i++)
		if (strcmp(p->model->layers[i].name, name) == 0)
			return i;
	return -1;
}

/* Names of inputs into numbers: a name may stand below its first use. */
static rpm_code
link_names(parser *p)
{
	rpm_nn_model *model = p->model;

	for (int i = 0; i < model->layer_count; i++)
	{
		nn_layer   *layer = &model->layers[i];

		for (int k = 0; k < layer->input_count; k++)
		{
			layer->inputs[k] = find_layer(p, p->pending[i].inputs[k]);
			if (layer->inputs[k] < 0)
				return rpm_fail(p->status, RPM_INVALID_ARGUMENT, "Inputs are names of other lines.",
								"line %d: layer \"%s\" takes \"%s\", which no line declares", layer->line, layer->name, p->pending[i].inputs[k]);
		}
	}
	for (int i = 0; i < model->output_count; i++)
	{
		model->outputs[i] = find_layer(p, p->output_inputs[i]);
		if (model->outputs[i] < 0)
			return rpm_fail(p->status, RPM_INVALID_ARGUMENT, "An output names a layer.", "line %d: output \"%s\" takes \"%s\", which no line declares",
							p->output_lines[i], model->output_names[i], p->output_inputs[i]);
	}
	return RPM_OK;
}
