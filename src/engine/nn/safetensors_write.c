/* safetensors_write.c: writes safetensors (rpm_nn_safetensors.h). */
#include <stdlib.h>
#include <string.h>

#include "nn/safetensors.h"
#include "nn/text.h"

static rpm_code make_header(const rpm_safetensor *tensors, int count, const rpm_safetensors_note *notes, int note_count, nn_text *header,
							rpm_status *status);
static void write_string(nn_text *text, const char *string);
static rpm_code check_tensor(const rpm_safetensor *tensor, rpm_status *status);

rpm_code
rpm_safetensors_write(const rpm_safetensor *tensors, int count, const rpm_safetensors_note *notes, int note_count, rpm_sink sink,
					  void *context, rpm_status *status)
{
	nn_text		header = {0};
	unsigned char length[8];
	bool		good;

	if (make_header(tensors, count, notes, note_count, &header, status) == RPM_OK)
	{
		for (int i = 0; i < 8; i++)
			length[i] = (unsigned char) ((uint64_t) header.length >> 8 * i);
		good = sink(context, length, sizeof(length)) && sink(context, header.at, header.length);
		for (int i = 0; i < count && good; i++)
			good = tensors[i].bytes == 0 || sink(context, tensors[i].data, tensors[i].bytes);
		if (!good)
			rpm_fail(status, RPM_INTERNAL, NULL, "the tensors could not be written");
	}
	free(header.at);
	return status->code;
}

rpm_code
rpm_safetensors_size(const rpm_safetensor *tensors, int count, const rpm_safetensors_note *notes, int note_count, size_t *size,
					 rpm_status *status)
{
	nn_text		header = {0};

	if (make_header(tensors, count, notes, note_count, &header, status) == RPM_OK)
	{
		*size = 8 + header.length;
		for (int i = 0; i < count; i++)
			*size += tensors[i].bytes;
	}
	free(header.at);
	return status->code;
}

static rpm_code
make_header(const rpm_safetensor *tensors, int count, const rpm_safetensors_note *notes, int note_count, nn_text *header,
			rpm_status *status)
{
	uint64_t	at = 0;

	nn_write(header, "{");
	if (note_count > 0)
	{
		nn_write(header, "\"__metadata__\":{");
		for (int i = 0; i < note_count; i++)
		{
			nn_write(header, "%s", i > 0 ? "," : "");
			write_string(header, notes[i].key);
			nn_write(header, ":");
			write_string(header, notes[i].value);
		}
		nn_write(header, "}%s", count > 0 ? "," : "");
	}
	for (int i = 0; i < count; i++)
	{
		if (check_tensor(&tensors[i], status) != RPM_OK)
			return status->code;
		nn_write(header, "%s", i > 0 ? "," : "");
		write_string(header, tensors[i].name);
		nn_write(header, ":{\"dtype\":\"%s\",\"shape\":[", rpm_tensor_type_name(tensors[i].type));
		for (int d = 0; d < tensors[i].rank; d++)
			nn_write(header, "%s%lld", d > 0 ? "," : "", (long long) tensors[i].dims[d]);
		nn_write(header, "],\"data_offsets\":[%llu,%llu]}", (unsigned long long) at, (unsigned long long) (at + tensors[i].bytes));
		at += tensors[i].bytes;
	}
	nn_write(header, "}");
	/* Spaces, so that the numbers begin at a multiple of 8. */
	nn_write(header, "%*s", (int) ((8 - header->length % 8) % 8), "");
	return header->failed ? rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "out of memory") : RPM_OK;
}

static void
write_string(nn_text *text, const char *string)
{
	nn_write(text, "\"");
	for (; *string != '\0'; string++)
		if (*string == '"' || *string == '\\')
			nn_write(text, "\\%c", *string);
		else if ((unsigned char) *string < 0x20)
			nn_write(text, "\\u%04x", *string);
		else
			nn_write(text, "%c", *string);
	nn_write(text, "\"");
}

static rpm_code
check_tensor(const rpm_safetensor *tensor, rpm_status *status)
{
	uint64_t	bytes = rpm_tensor_type_size(tensor->type);

	for (int d = 0; d < tensor->rank; d++)
		bytes *= (uint64_t) tensor->dims[d];
	if (bytes != tensor->bytes || !nn_is_utf8(tensor->name, strlen(tensor->name)) || strcmp(tensor->name, "__metadata__") == 0)
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "Give each tensor a name in UTF-8 and as many bytes as its shape has.",
						"tensor \"%.100s\" cannot be written", tensor->name);
	return RPM_OK;
}
