/*
 * safetensors.h: a file's header as read, before and after its checks.
 */
#ifndef RPM_NN_SAFETENSORS_ROOM_H
#define RPM_NN_SAFETENSORS_ROOM_H

#include "rpm_nn_safetensors.h"

struct rpm_safetensors
{
	rpm_safetensor *tensors;
	uint64_t	(*offsets)[2];	/* begin and end in the numbers, in the order of the header */
	int			count;
	int			room;
	rpm_safetensors_note *notes;
	int			note_count;
	int			note_room;
	char	   *strings;		/* all names and notes, one after another */
	size_t		string_length;
};

/* Reads the JSON of a header into tensors (name, type, shape), offsets and notes; text has length bytes. */
rpm_code	nn_read_header(rpm_safetensors *file, const char *text, size_t length, rpm_status *status);

/* True where the bytes are UTF-8 (RFC 3629: no surrogates, no overlong forms). */
bool		nn_is_utf8(const char *text, size_t length);

#endif
