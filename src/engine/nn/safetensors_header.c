/* safetensors_header.c: the JSON header of a safetensors file (safetensors.h), read strictly (RFC 8259, and only what the format has). */
#include <stdlib.h>
#include <string.h>

#include "nn/safetensors.h"

#define MOST_TENSORS (1 << 20)

typedef struct reader
{
	const char *begin;
	const char *at;
	const char *end;
	rpm_safetensors *file;
	rpm_status *status;
} reader;

static rpm_code fail(reader *r, const char *what);
static bool skip(reader *r, char c);
static void skip_space(reader *r);
static bool expect(reader *r, char c);
static const char *read_string(reader *r);
static bool read_escape(reader *r, char **to);
static bool read_hex(reader *r, unsigned *code);
static char *put_utf8(char *to, unsigned code);
static bool read_number(reader *r, uint64_t *number);
static rpm_code read_entry(reader *r);
static rpm_code read_tensor(reader *r, const char *name);
static rpm_code read_field(reader *r, const char *key, rpm_safetensor *tensor, uint64_t *offsets, unsigned *seen);
static rpm_code read_shape(reader *r, rpm_safetensor *tensor);
static rpm_code read_notes(reader *r);
static bool grow(void **array, int *room, int count, size_t size);

rpm_code
nn_read_header(rpm_safetensors *file, const char *text, size_t length, rpm_status *status)
{
	reader		r = {text, text, text + length, file, status};

	/* Decoded text is never longer than its JSON, and each string's closing quote leaves room for a zero. */
	file->strings = malloc(length + 1);
	if (file->strings == NULL)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "out of memory");
	if (!nn_is_utf8(text, length))
		return fail(&r, "is not UTF-8");
	if (length == 0 || *r.at++ != '{')
		return fail(&r, "does not begin with {");
	if (!skip(&r, '}'))
	{
		do
		{
			if (read_entry(&r) != RPM_OK)
				return status->code;
		} while (skip(&r, ','));
		if (!expect(&r, '}'))
			return status->code;
	}
	while (r.at < r.end && *r.at == ' ')
		r.at++;
	return r.at == r.end ? RPM_OK : fail(&r, "goes on after its end");
}

static rpm_code
fail(reader *r, const char *what)
{
	return rpm_fail(r->status, RPM_INVALID_ARGUMENT, "Write the file anew with the safetensors library.",
					"not a safetensors file: the header %s (byte %lld)", what, (long long) (r->at - r->begin + 8));
}

static void
skip_space(reader *r)
{
	while (r->at < r->end && (*r->at == ' ' || *r->at == '\t' || *r->at == '\n' || *r->at == '\r'))
		r->at++;
}

/* Steps over c where it is next. */
static bool
skip(reader *r, char c)
{
	skip_space(r);
	if (r->at == r->end || *r->at != c)
		return false;
	r->at++;
	return true;
}

static bool
expect(reader *r, char c)
{
	char		what[] = "lacks a 'x'";

	if (skip(r, c))
		return true;
	what[9] = c;
	fail(r, what);
	return false;
}

/* A string, decoded and closed by a zero; NULL with the status set. */
static const char *
read_string(reader *r)
{
	char	   *begin = r->file->strings + r->file->string_length,
			   *to = begin;

	if (!expect(r, '"'))
		return NULL;
	while (r->at < r->end && *r->at != '"')
	{
		if ((unsigned char) *r->at < 0x20)
		{
			fail(r, "has a control character in a string");
			return NULL;
		}
		if (*r->at != '\\')
			*to++ = *r->at++;
		else if (!read_escape(r, &to))
			return NULL;
	}
	if (!expect(r, '"'))
		return NULL;
	*to++ = '\0';
	r->file->string_length = (size_t) (to - r->file->strings);
	return begin;
}

static bool
read_escape(reader *r, char **to)
{
	static const char from[] = "\"\\/bfnrt",
				into[] = "\"\\/\b\f\n\r\t";
	const char *found;
	unsigned	code,
				low;

	r->at++;
	if (r->at < r->end && *r->at == 'u')
	{
		r->at++;
		if (!read_hex(r, &code))
			return false;
		if (code >= 0xD800 && code < 0xDC00)
		{
			if (r->end - r->at < 2 || r->at[0] != '\\' || r->at[1] != 'u' || (r->at += 2, !read_hex(r, &low)) || low < 0xDC00 || low > 0xDFFF)
				return fail(r, "has half a character") == RPM_OK;
			code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
		}
		else if (code == 0 || (code >= 0xDC00 && code <= 0xDFFF))
			return fail(r, "has a character that cannot be") == RPM_OK;
		*to = put_utf8(*to, code);
		return true;
	}
	found = r->at < r->end && *r->at != '\0' ? strchr(from, *r->at) : NULL;
	if (found == NULL)
		return fail(r, "has an unknown escape") == RPM_OK;
	*(*to)++ = into[found - from];
	r->at++;
	return true;
}

static bool
read_hex(reader *r, unsigned *code)
{
	*code = 0;
	for (int i = 0; i < 4; i++, r->at++)
	{
		char		c = r->at < r->end ? *r->at : 'x';

		if (c >= '0' && c <= '9')
			*code = *code * 16 + (unsigned) (c - '0');
		else if ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'))
			*code = *code * 16 + (unsigned) ((c | 32) - 'a' + 10);
		else
			return fail(r, "has a bad \\u escape") == RPM_OK;
	}
	return true;
}

static char *
put_utf8(char *to, unsigned code)
{
	if (code < 0x80)
		*to++ = (char) code;
	else if (code < 0x800)
	{
		*to++ = (char) (0xC0 | code >> 6);
		*to++ = (char) (0x80 | (code & 0x3F));
	}
	else if (code < 0x10000)
	{
		*to++ = (char) (0xE0 | code >> 12);
		*to++ = (char) (0x80 | (code >> 6 & 0x3F));
		*to++ = (char) (0x80 | (code & 0x3F));
	}
	else
	{
		*to++ = (char) (0xF0 | code >> 18);
		*to++ = (char) (0x80 | (code >> 12 & 0x3F));
		*to++ = (char) (0x80 | (code >> 6 & 0x3F));
		*to++ = (char) (0x80 | (code & 0x3F));
	}
	return to;
}

/* A whole number from 0 to 2^62, without sign, leading zero, point or exponent. */
static bool
read_number(reader *r, uint64_t *number)
{
	const char *begin;

	skip_space(r);
	begin = r->at;
	*number = 0;
	for (; r->at < r->end && *r->at >= '0' && *r->at <= '9'; r->at++)
	{
		*number = *number * 10 + (uint64_t) (*r->at - '0');
		if (*number > (uint64_t) 1 << 62)
			return fail(r, "has a number that is too large") == RPM_OK;
	}
	if (r->at == begin || (*begin == '0' && r->at - begin > 1))
		return fail(r, "has something else where a whole number belongs") == RPM_OK;
	return true;
}

static rpm_code
read_entry(reader *r)
{
	const char *name = read_string(r);

	if (name == NULL || !expect(r, ':'))
		return r->status->code;
	return strcmp(name, "__metadata__") == 0 ? read_notes(r) : read_tensor(r, name);
}

static rpm_code
read_tensor(reader *r, const char *name)
{
	rpm_safetensors *file = r->file;
	int			room = file->room;
	unsigned	seen = 0;

	if (file->count == MOST_TENSORS)
		return fail(r, "names more than 2^20 tensors");
	if (!grow((void **) &file->tensors, &file->room, file->count, sizeof(rpm_safetensor)) ||
		!grow((void **) &file->offsets, &room, file->count, sizeof(file->offsets[0])))
		return rpm_fail(r->status, RPM_OUT_OF_MEMORY, NULL, "out of memory");
	file->tensors[file->count].name = name;
	if (!expect(r, '{'))
		return r->status->code;
	do
	{
		const char *key = read_string(r);

		if (key == NULL || !expect(r, ':') ||
			read_field(r, key, &file->tensors[file->count], file->offsets[file->count], &seen) != RPM_OK)
			return r->status->code;
	} while (skip(r, ','));
	if (!expect(r, '}'))
		return r->status->code;
	if (seen != 7)
		return fail(r, "has a tensor without dtype, shape or data_offsets");
	file->count++;
	return RPM_OK;
}

static rpm_code
read_field(reader *r, const char *key, rpm_safetensor *tensor, uint64_t *offsets, unsigned *seen)
{
	static const char *const keys[] = {"dtype", "shape", "data_offsets"};
	const char *type;
	unsigned	which = 0;

	while (which < 3 && strcmp(key, keys[which]) != 0)
		which++;
	if (which == 3 || (*seen >> which & 1))
		return fail(r, "has a tensor with an unknown or repeated key");
	*seen |= 1u << which;
	if (which == 1)
		return read_shape(r, tensor);
	if (which == 2)
	{
		if (!expect(r, '[') || !read_number(r, &offsets[0]) || !expect(r, ',') || !read_number(r, &offsets[1]) || !expect(r, ']'))
			return r->status->code;
		return RPM_OK;
	}
	type = read_string(r);
	if (type == NULL)
		return r->status->code;
	for (int t = 0; t < RPM_TENSOR_TYPES; t++)
		if (strcmp(type, rpm_tensor_type_name((rpm_tensor_type) t)) == 0)
		{
			tensor->type = (rpm_tensor_type) t;
			return RPM_OK;
		}
	return fail(r, "has a tensor of unknown dtype");
}

static rpm_code
read_shape(reader *r, rpm_safetensor *tensor)
{
	tensor->rank = 0;
	if (!expect(r, '['))
		return r->status->code;
	if (skip(r, ']'))
		return RPM_OK;
	do
	{
		uint64_t	size;

		if (tensor->rank == RPM_SAFETENSORS_MAX_RANK)
			return fail(r, "has a tensor of more than 8 dimensions");
		if (!read_number(r, &size))
			return r->status->code;
		tensor->dims[tensor->rank++] = (int64_t) size;
	} while (skip(r, ','));
	return expect(r, ']') ? RPM_OK : r->status->code;
}

/* __metadata__: an object of strings. */
static rpm_code
read_notes(reader *r)
{
	rpm_safetensors *file = r->file;

	if (file->notes != NULL)
		return fail(r, "has __metadata__ twice");
	if (!grow((void **) &file->notes, &file->note_room, file->note_count, sizeof(rpm_safetensors_note)))
		return rpm_fail(r->status, RPM_OUT_OF_MEMORY, NULL, "out of memory");
	if (!expect(r, '{'))
		return r->status->code;
	if (skip(r, '}'))
		return RPM_OK;
	do
	{
		const char *key = read_string(r),
				   *value = NULL;

		if (key == NULL || !expect(r, ':') || (value = read_string(r)) == NULL)
			return r->status->code;
		if (!grow((void **) &file->notes, &file->note_room, file->note_count, sizeof(rpm_safetensors_note)))
			return rpm_fail(r->status, RPM_OUT_OF_MEMORY, NULL, "out of memory");
		file->notes[file->note_count++] = (rpm_safetensors_note) {key, value};
	} while (skip(r, ','));
	return expect(r, '}') ? RPM_OK : r->status->code;
}

static bool
grow(void **array, int *room, int count, size_t size)
{
	void	   *grown;

	if (count < *room)
		return true;
	grown = realloc(*array, size * (size_t) (2 * count + 16));
	if (grown == NULL)
		return false;
	*array = grown;
	*room = 2 * count + 16;
	return true;
}
