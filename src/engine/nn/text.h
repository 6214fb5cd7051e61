/*
 * text.h: text that grows.
 */
#ifndef RPM_NN_TEXT_H
#define RPM_NN_TEXT_H

#include <stdbool.h>
#include <stddef.h>

typedef struct nn_text
{
	char	   *at;				/* closed by a zero; NULL when nothing was written or memory failed */
	size_t		length;
	size_t		room;
	bool		failed;
} nn_text;

void		nn_write(nn_text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
