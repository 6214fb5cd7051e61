/* text.c: text that grows (text.h). */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "nn/text.h"

void
nn_write(nn_text *text, const char *format, ...)
{
	va_list		arguments;
	int			length;

	if (text->failed)
		return;
	va_start(arguments, format);
	length = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	if (text->length + (size_t) length + 1 > text->room)
	{
		size_t		room = 2 * (text->length + (size_t) length + 1);
		char	   *grown = realloc(text->at, room);

		if (grown == NULL)
		{
			free(text->at);
			*text = (nn_text) {.failed = true};
			return;
		}
		text->at = grown;
		text->room = room;
	}
	va_start(arguments, format);
	vsnprintf(text->at + text->length, (size_t) length + 1, format, arguments);
	va_end(arguments);
	text->length += (size_t) length;
}
