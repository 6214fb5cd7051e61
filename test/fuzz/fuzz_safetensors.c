/*
 * fuzz_safetensors.c: any bytes given as a safetensors file either make tensors inside those bytes or an error with a message; what is
 * accepted can be written and read again to the same.
 */
#include "driver.h"

#include <stdlib.h>
#include <string.h>

#include "rpm_nn_safetensors.h"

typedef struct memory
{
	unsigned char *bytes;
	size_t		size;
} memory;

static void insist(int condition)
{
	if (!condition)
		abort();
}

static bool
into_memory(void *context, const void *bytes, size_t size)
{
	memory	   *m = context;

	m->bytes = realloc(m->bytes, m->size + size + 1);
	insist(m->bytes != NULL);
	memcpy(m->bytes + m->size, bytes, size);
	m->size += size;
	return true;
}

/* Every byte of every tensor can be read, and as floats. */
static void
read_all(const rpm_safetensors *file, const uint8_t *data, size_t size)
{
	for (int i = 0; i < rpm_safetensors_count(file); i++)
	{
		const rpm_safetensor *tensor = rpm_safetensors_get(file, i);
		size_t		count = tensor->bytes / rpm_tensor_type_size(tensor->type);
		float	   *values = malloc(sizeof(float) * (count + 1));
		rpm_status	status;

		insist((const uint8_t *) tensor->data >= data + 8 && (const uint8_t *) tensor->data + tensor->bytes <= data + size);
		insist(rpm_safetensors_find(file, tensor->name) == tensor);
		rpm_status_clear(&status);
		insist(values != NULL);
		insist(rpm_safetensor_floats(tensor, values, &status) == RPM_OK || status.code == RPM_UNSUPPORTED);
		free(values);
	}
}

static void
write_again(const rpm_safetensors *file)
{
	int			count = rpm_safetensors_count(file);
	memory		m = {0};
	rpm_safetensors *again = NULL;
	rpm_status	status;

	rpm_status_clear(&status);
	insist(rpm_safetensors_write(count > 0 ? rpm_safetensors_get(file, 0) : NULL, count, NULL, 0, into_memory, &m, &status) == RPM_OK);
	insist(rpm_safetensors_open(m.bytes, m.size, &again, &status) == RPM_OK);
	insist(rpm_safetensors_count(again) == count);
	for (int i = 0; i < count; i++)
	{
		const rpm_safetensor *a = rpm_safetensors_get(file, i),
				   *b = rpm_safetensors_get(again, i);

		insist(strcmp(a->name, b->name) == 0 && a->type == b->type && a->rank == b->rank && a->bytes == b->bytes);
		insist(a->bytes == 0 || memcmp(a->data, b->data, a->bytes) == 0);
	}
	rpm_safetensors_free(again);
	free(m.bytes);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	rpm_safetensors *file = NULL;
	rpm_status	status;
	rpm_code	code;

	rpm_status_clear(&status);
	code = rpm_safetensors_open(data, size, &file, &status);
	insist(code == status.code);
	if (code != RPM_OK)
	{
		insist(file == NULL);
		insist(status.message[0] != '\0' && strlen(status.message) < sizeof(status.message));
		insist(code == RPM_OUT_OF_MEMORY || status.hint[0] != '\0');
		return 0;
	}
	read_all(file, data, size);
	write_again(file);
	rpm_safetensors_free(file);
	return 0;
}
