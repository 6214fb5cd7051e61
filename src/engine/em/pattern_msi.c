/*
 * pattern_msi.c: reads MSI/Planet antenna patterns (.msi, .pln), a text of "KEY value" lines and two cuts of "angle attenuation" lines.
 *
 * What files in the wild do and this reader takes: keys in any case, line ends of any system, a byte order mark, no NAME before the
 * name, units stuck to their numbers, GAIN without unit (dBd, by the format), cuts of other steps than one degree, a closing 360.
 * What it refuses, it refuses with the line's number: a file that is half understood gives a wrong map.
 */
#include "rpm_pattern.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define DBI_OF_DBD 2.15
#define MAX_CUT_SAMPLES 3601		/* tenths of a degree, both ends */
#define MAX_GAP_DEG 45.0
#define MAX_ATTENUATION_DB 1000.0

typedef struct msi_span
{
	const char *at, *end;
} msi_span;

typedef struct msi_sample
{
	double		angle_deg;			/* 0 to 360, 360 excluded */
	double		written_deg;
	double		attenuation_db;
	int			line;
} msi_sample;

typedef struct msi_cut
{
	const char *name;
	int			line;			/* of its key; 0: not seen */
	int			declared;		/* -1: no count given */
	int			count;
	msi_sample	samples[MAX_CUT_SAMPLES];
} msi_cut;

typedef struct msi_reader
{
	msi_span	rest;
	int			line;
	bool		any_line;		/* a line that is not blank has been read */
	msi_cut    *open;			/* the cut being read */
	bool		has_gain, electrical;
	double		gain_dbi;
	rpm_pattern_header header;
	rpm_status *status;
	msi_cut		horizontal, vertical;
} msi_reader;

static rpm_code read_lines(msi_reader *reader);
static bool next_line(msi_reader *reader, msi_span *line);
static rpm_code read_sample(msi_reader *reader, msi_span line);
static rpm_code read_key(msi_reader *reader, msi_span key, msi_span value);
static rpm_code begin_cut(msi_reader *reader, msi_cut *cut, msi_span value);
static rpm_code end_cut(msi_reader *reader);
static rpm_code read_gain(msi_reader *reader, msi_span value);
static rpm_code read_frequency(msi_reader *reader, msi_span value);
static rpm_code resample(msi_reader *reader, msi_cut *cut, float *attenuation_db);
static int	compare_samples(const void *left, const void *right);
static bool is_key(msi_span key, const char *name);
static bool starts_number(msi_span span);
static bool take_number(msi_span *span, double *value);
static double number_or_nan(msi_span span);
static msi_span first_word(msi_span *line);
static msi_span trimmed(msi_span span);
static void copy_text(char *to, size_t size, msi_span span);
static const char *shown(msi_span span, char *buffer, size_t size);
static rpm_code fail_at(msi_reader *reader, int line, const char *hint, const char *message);

rpm_code
rpm_pattern_parse_msi(const char *text, size_t length, rpm_antenna_pattern *pattern, rpm_pattern_header *header, rpm_status *status)
{
	msi_reader *reader = calloc(1, sizeof(*reader));
	rpm_antenna_pattern parsed = rpm_pattern_default(RPM_PATTERN_MEASURED);
	rpm_code	code;

	if (!reader)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "out of memory while reading an antenna pattern");
	reader->rest.at = text;
	reader->rest.end = text + length;
	reader->status = status;
	reader->horizontal.name = "HORIZONTAL";
	reader->vertical.name = "VERTICAL";
	reader->header.frequency_mhz = reader->header.tilt_deg = reader->header.front_to_back_db = NAN;
	reader->header.horizontal_width_deg = reader->header.vertical_width_deg = NAN;
	code = read_lines(reader);
	if (code == RPM_OK)
		code = resample(reader, &reader->horizontal, parsed.horizontal_attenuation_db);
	if (code == RPM_OK)
		code = resample(reader, &reader->vertical, parsed.vertical_attenuation_db);
	if (code == RPM_OK)
	{
		parsed.gain_dbi = reader->gain_dbi;
		parsed.includes_electrical_tilt = reader->electrical || fabs(reader->header.tilt_deg) > 0;
		*pattern = parsed;
		*header = reader->header;
	}
	free(reader);
	return code;
}

static rpm_code
read_lines(msi_reader *reader)
{
	msi_span	line;
	rpm_code	code;

	if (reader->rest.end - reader->rest.at >= 3 && memcmp(reader->rest.at, "\xEF\xBB\xBF", 3) == 0)
		reader->rest.at += 3;
	while (next_line(reader, &line))
	{
		line = trimmed(line);
		if (line.at == line.end)
			continue;
		if (memchr(line.at, '\0', line.end - line.at))
			return fail_at(reader, reader->line, "Give the text of an MSI/Planet file.", "a zero byte: this is not a text");
		if (starts_number(line) && reader->any_line)
			code = read_sample(reader, line);
		else
		{
			msi_span	value = line, key = first_word(&value);

			code = read_key(reader, key, trimmed(value));
			if (!reader->any_line && code == RPM_UNSUPPORTED)
			{
				/* some vendors leave the word NAME out */
				copy_text(reader->header.name, sizeof(reader->header.name), line);
				code = RPM_OK;
			}
			else if (code == RPM_UNSUPPORTED)
				code = reader->open && reader->open->count < reader->open->declared ? read_sample(reader, line) : end_cut(reader);
		}
		reader->any_line = true;
		if (code != RPM_OK)
			return code;
	}
	code = end_cut(reader);
	if (code != RPM_OK)
		return code;
	if (!reader->any_line)
		return fail_at(reader, 0, "Give the text of an MSI/Planet file.", "the text is empty");
	if (!reader->horizontal.line)
		return fail_at(reader, 0, "Add the line \"HORIZONTAL 360\" and its 360 lines of angle and attenuation.",
					   "there is no HORIZONTAL cut");
	if (!reader->vertical.line)
		return fail_at(reader, 0, "Add the line \"VERTICAL 360\" and its 360 lines of angle and attenuation.",
					   "there is no VERTICAL cut");
	if (!reader->has_gain)
		return fail_at(reader, 0, "Add a line such as \"GAIN 17.5 dBi\"; without a unit the number is dBd.", "there is no GAIN");
	return RPM_OK;
}

/* Ends at \n, \r or \r\n. */
static bool
next_line(msi_reader *reader, msi_span *line)
{
	const char *at = reader->rest.at;

	if (at == reader->rest.end)
		return false;
	line->at = at;
	while (at < reader->rest.end && *at != '\n' && *at != '\r')
		at++;
	line->end = at;
	if (at < reader->rest.end && *at == '\r')
		at++;
	if (at < reader->rest.end && *at == '\n' && (at == line->end || at[-1] == '\r'))
		at++;
	reader->rest.at = at;
	reader->line++;
	return true;
}

static rpm_code
read_sample(msi_reader *reader, msi_span line)
{
	msi_cut    *cut = reader->open;
	msi_sample	sample;
	char		text[160], shown_line[48];

	shown(line, shown_line, sizeof(shown_line));
	if (!cut)
	{
		snprintf(text, sizeof(text), "\"%s\" stands outside the HORIZONTAL and VERTICAL cuts", shown_line);
		return fail_at(reader, reader->line, "Numbers belong after a line HORIZONTAL or VERTICAL.", text);
	}
	if (cut->count >= (cut->declared >= 0 ? cut->declared : MAX_CUT_SAMPLES))
	{
		snprintf(text, sizeof(text), "the %s cut has more than its %d values", cut->name, cut->count);
		return fail_at(reader, reader->line, "Make the number after HORIZONTAL or VERTICAL the number of lines that follow.", text);
	}
	if (!take_number(&line, &sample.written_deg) || line.at == line.end || !isspace((unsigned char) *line.at)
		|| (line = trimmed(line), !take_number(&line, &sample.attenuation_db)) || line.at != line.end)
	{
		snprintf(text, sizeof(text), "\"%s\" is not an angle and an attenuation", shown_line);
		return fail_at(reader, reader->line, "Each line of a cut holds an angle in degrees and an attenuation in dB, with decimal points "
					   "and a blank between.", text);
	}
	if (sample.written_deg < -180 || sample.written_deg > 360)
	{
		snprintf(text, sizeof(text), "angle %g is out of range", sample.written_deg);
		return fail_at(reader, reader->line, "Angles are degrees from 0 to 359.", text);
	}
	if (sample.attenuation_db < 0 || sample.attenuation_db > MAX_ATTENUATION_DB)
	{
		snprintf(text, sizeof(text), "attenuation %g dB is out of range", sample.attenuation_db);
		return fail_at(reader, reader->line, "The format counts attenuation below the peak as positive dB: turn the signs of gains.", text);
	}
	sample.angle_deg = sample.written_deg - 360 * floor(sample.written_deg / 360);
	if (sample.angle_deg >= 360)	/* a tiny negative angle, rounded */
		sample.angle_deg = 0;
	sample.line = reader->line;
	cut->samples[cut->count++] = sample;
	return RPM_OK;
}

/* RPM_UNSUPPORTED, without a message: the key is none of the format's. */
static rpm_code
read_key(msi_reader *reader, msi_span key, msi_span value)
{
	rpm_pattern_header *header = &reader->header;

	if (is_key(key, "HORIZONTAL"))
		return begin_cut(reader, &reader->horizontal, value);
	if (is_key(key, "VERTICAL"))
		return begin_cut(reader, &reader->vertical, value);
	if (is_key(key, "GAIN"))
		return read_gain(reader, value);
	if (is_key(key, "FREQUENCY") || is_key(key, "FREQ"))
		return read_frequency(reader, value);
	if (is_key(key, "NAME"))
		copy_text(header->name, sizeof(header->name), value);
	else if (is_key(key, "MAKE"))
		copy_text(header->make, sizeof(header->make), value);
	else if (is_key(key, "POLARIZATION") || is_key(key, "POLARISATION"))
		copy_text(header->polarisation, sizeof(header->polarisation), value);
	else if (is_key(key, "COMMENT") || is_key(key, "COMMENTS"))
		copy_text(header->comment, sizeof(header->comment), value);
	else if (is_key(key, "H_WIDTH"))
		header->horizontal_width_deg = number_or_nan(value);
	else if (is_key(key, "V_WIDTH"))
		header->vertical_width_deg = number_or_nan(value);
	else if (is_key(key, "FRONT_TO_BACK"))
		header->front_to_back_db = number_or_nan(value);
	else if (is_key(key, "TILT") || is_key(key, "ELECTRICAL_TILT"))
	{
		msi_span	rest = value, word = first_word(&rest);

		/* "ELECTRICAL", "ELECTRICAL 6", "6": the cuts were measured with it; ELECTRICAL_TILT 4 often follows TILT ELECTRICAL */
		if (is_key(word, "ELECTRICAL"))
			reader->electrical = true;
		else
			rest = value;
		if (!isnan(number_or_nan(trimmed(rest))))
			header->tilt_deg = number_or_nan(trimmed(rest));
	}
	else
		return RPM_UNSUPPORTED;
	return end_cut(reader);
}

static rpm_code
begin_cut(msi_reader *reader, msi_cut *cut, msi_span value)
{
	double		count = -1;
	char		text[160], shown_value[48];
	rpm_code	code = end_cut(reader);

	if (code != RPM_OK)
		return code;
	if (cut->line)
	{
		snprintf(text, sizeof(text), "a second %s cut, the first is in line %d", cut->name, cut->line);
		return fail_at(reader, reader->line, "Give one pattern at a time.", text);
	}
	shown(value, shown_value, sizeof(shown_value));
	if (value.at != value.end
		&& (!take_number(&value, &count) || value.at != value.end || count != floor(count) || count < 2 || count > MAX_CUT_SAMPLES))
	{
		snprintf(text, sizeof(text), "%s \"%s\" is not a number of values from 2 to %d", cut->name, shown_value, MAX_CUT_SAMPLES);
		return fail_at(reader, reader->line, "The usual line is \"HORIZONTAL 360\" or \"VERTICAL 360\".", text);
	}
	cut->line = reader->line;
	cut->declared = (int) count;
	reader->open = cut;
	return RPM_OK;
}

static rpm_code
end_cut(msi_reader *reader)
{
	msi_cut    *cut = reader->open;
	char		text[160];

	reader->open = NULL;
	if (!cut || (cut->count > 0 && (cut->declared < 0 || cut->count == cut->declared)))
		return RPM_OK;
	if (cut->declared < 0)
		snprintf(text, sizeof(text), "the %s cut has no values", cut->name);
	else
		snprintf(text, sizeof(text), "the %s cut ends after %d of its %d values", cut->name, cut->count, cut->declared);
	return fail_at(reader, reader->line, "Make the number after HORIZONTAL or VERTICAL the number of lines that follow.", text);
}

/* "17.5", "17.5 dBi", "15.35dBd", "17.5 (dBi)". */
static rpm_code
read_gain(msi_reader *reader, msi_span value)
{
	msi_span	unit = value;
	char		text[160], shown_value[48];
	double		gain;

	shown(value, shown_value, sizeof(shown_value));
	if (!take_number(&unit, &gain))
	{
		snprintf(text, sizeof(text), "GAIN \"%s\" is not a number", shown_value);
		return fail_at(reader, reader->line, "Write a line such as \"GAIN 17.5 dBi\"; without a unit the number is dBd.", text);
	}
	unit = trimmed(unit);
	if (unit.end - unit.at >= 2 && *unit.at == '(' && unit.end[-1] == ')')
	{
		unit.at++;
		unit.end--;
	}
	if (is_key(unit, "DBI"))
		reader->gain_dbi = gain;
	else if (is_key(unit, "DBD") || unit.at == unit.end)
		reader->gain_dbi = gain + DBI_OF_DBD;
	else
	{
		snprintf(text, sizeof(text), "GAIN \"%s\" has an unknown unit", shown_value);
		return fail_at(reader, reader->line, "The unit is dBi or dBd; without a unit the number is dBd.", text);
	}
	if (reader->gain_dbi < -50 || reader->gain_dbi > 80)
	{
		snprintf(text, sizeof(text), "GAIN \"%s\" is out of range", shown_value);
		return fail_at(reader, reader->line, "A gain lies between -50 and 80 dBi.", text);
	}
	reader->has_gain = true;
	return end_cut(reader);
}

/* "1800", "1.8 GHz", "1800MHz", "1710-1880 MHz" (its middle). */
static rpm_code
read_frequency(msi_reader *reader, msi_span value)
{
	static const struct { const char *unit; double mhz; } units[] = {{"MHZ", 1}, {"GHZ", 1e3}, {"KHZ", 1e-3}, {"HZ", 1e-6}, {"", 1}};
	msi_span	unit = value;
	char		text[160], shown_value[48];
	double		low, high;

	if (value.at == value.end)
		return end_cut(reader);
	shown(value, shown_value, sizeof(shown_value));
	if (take_number(&unit, &low) && low > 0)
	{
		high = low;
		unit = trimmed(unit);
		if (unit.at < unit.end && *unit.at == '-')
		{
			unit.at++;
			unit = trimmed(unit);
			if (!take_number(&unit, &high) || high < low)
				high = NAN;
			unit = trimmed(unit);
		}
		for (size_t i = 0; i < sizeof(units) / sizeof(units[0]) && high >= low; i++)
			if (is_key(unit, units[i].unit))
			{
				reader->header.frequency_mhz = (low + high) / 2 * units[i].mhz;
				return end_cut(reader);
			}
	}
	snprintf(text, sizeof(text), "FREQUENCY \"%s\" is not a frequency", shown_value);
	return fail_at(reader, reader->line, "Write it as \"FREQUENCY 1800\" or \"FREQUENCY 1800 MHz\".", text);
}

/* Sorted, closed around the circle, linear in dB at whole degrees. */
static rpm_code
resample(msi_reader *reader, msi_cut *cut, float *attenuation_db)
{
	msi_sample *s = cut->samples;
	char		text[160];
	int			kept = 1, next = 0;

	qsort(s, cut->count, sizeof(*s), compare_samples);
	for (int i = 1; i < cut->count; i++)
	{
		if (s[i].angle_deg > s[kept - 1].angle_deg)
			s[kept++] = s[i];
		else if (s[i].written_deg == s[kept - 1].written_deg || s[i].attenuation_db != s[kept - 1].attenuation_db)
		{
			snprintf(text, sizeof(text), "angle %g of the %s cut stands in line %d too", s[i].written_deg, cut->name, s[kept - 1].line);
			return fail_at(reader, s[i].line, "Give each angle once; 360 may repeat 0 with the same value.", text);
		}
	}
	for (int i = 0; i < kept; i++)
	{
		double		gap = i + 1 < kept ? s[i + 1].angle_deg - s[i].angle_deg : s[0].angle_deg + 360 - s[i].angle_deg;

		if (gap > MAX_GAP_DEG)
		{
			snprintf(text, sizeof(text), "the %s cut has no value for %g degrees after angle %g", cut->name, gap, s[i].written_deg);
			return fail_at(reader, s[i].line, "A cut goes all around, in steps of 45 degrees or less.", text);
		}
	}
	for (int degree = 0; degree < 360; degree++)
	{
		const msi_sample *low, *high;
		double		before, after;

		while (next < kept && s[next].angle_deg <= degree)
			next++;
		low = &s[next > 0 ? next - 1 : kept - 1];
		high = &s[next < kept ? next : 0];
		before = degree - low->angle_deg + (next > 0 ? 0 : 360);
		after = high->angle_deg - degree + (next < kept ? 0 : 360);
		attenuation_db[degree] = (float) ((low->attenuation_db * after + high->attenuation_db * before) / (before + after));
	}
	return RPM_OK;
}

static int
compare_samples(const void *left, const void *right)
{
	const msi_sample *a = left, *b = right;

	if (a->angle_deg != b->angle_deg)
		return a->angle_deg < b->angle_deg ? -1 : 1;
	return a->line - b->line;
}

/* Whether a word is the key, in any case; a colon or equals sign after it is allowed. */
static bool
is_key(msi_span key, const char *name)
{
	size_t		length = strlen(name);

	if (key.end > key.at && (key.end[-1] == ':' || key.end[-1] == '='))
		key.end--;
	return (size_t) (key.end - key.at) == length && strncasecmp(key.at, name, length) == 0;
}

static bool
starts_number(msi_span span)
{
	double		value;

	return take_number(&span, &value) && (span.at == span.end || isspace((unsigned char) *span.at));
}

/* A decimal number with a decimal point, whatever the locale; the span moves past it. */
static bool
take_number(msi_span *span, double *value)
{
	const char *at = span->at;
	double		mantissa = 0;
	int			digits = 0, exponent = 0;
	bool		negative = at < span->end && *at == '-';

	if (at < span->end && (*at == '-' || *at == '+'))
		at++;
	for (; at < span->end && isdigit((unsigned char) *at); at++, digits++)
		mantissa = mantissa * 10 + (*at - '0');
	if (at < span->end && *at == '.')
		for (at++; at < span->end && isdigit((unsigned char) *at); at++, digits++, exponent--)
			mantissa = mantissa * 10 + (*at - '0');
	if (digits == 0 || digits > 40)
		return false;
	if (span->end - at >= 2 && (*at == 'e' || *at == 'E')
		&& (isdigit((unsigned char) at[1]) || ((at[1] == '-' || at[1] == '+') && span->end - at >= 3 && isdigit((unsigned char) at[2]))))
	{
		bool		down = at[1] == '-';
		int			power = 0;

		for (at += isdigit((unsigned char) at[1]) ? 1 : 2; at < span->end && isdigit((unsigned char) *at); at++)
			power = power < 1000 ? power * 10 + (*at - '0') : power;
		exponent += down ? -power : power;
	}
	*value = (negative ? -mantissa : mantissa) * pow(10, exponent);
	span->at = at;
	return isfinite(*value);
}

static double
number_or_nan(msi_span span)
{
	double		value;

	return take_number(&span, &value) ? value : NAN;
}

static msi_span
first_word(msi_span *line)
{
	msi_span	word = *line;

	while (line->at < line->end && !isspace((unsigned char) *line->at))
		line->at++;
	word.end = line->at;
	return word;
}

static msi_span
trimmed(msi_span span)
{
	while (span.at < span.end && isspace((unsigned char) *span.at))
		span.at++;
	while (span.at < span.end && isspace((unsigned char) span.end[-1]))
		span.end--;
	return span;
}

/* Truncated where it must be, not within a UTF-8 character. */
static void
copy_text(char *to, size_t size, msi_span span)
{
	size_t		length = span.end - span.at;

	if (length >= size)
		for (length = size - 1; length > 0 && ((unsigned char) span.at[length] & 0xC0) == 0x80;)
			length--;
	memcpy(to, span.at, length);
	to[length] = '\0';
}

/* What can stand in a message: at most size - 1 characters, of ASCII. */
static const char *
shown(msi_span span, char *buffer, size_t size)
{
	size_t		length = 0;

	for (; span.at < span.end && length + 1 < size; span.at++)
		buffer[length++] = *span.at >= ' ' && *span.at < 127 ? *span.at : '?';
	buffer[length] = '\0';
	return buffer;
}

/* line 0: the text as a whole */
static rpm_code
fail_at(msi_reader *reader, int line, const char *hint, const char *message)
{
	if (line == 0)
		return rpm_fail(reader->status, RPM_INVALID_ARGUMENT, hint, "antenna pattern: %s", message);
	return rpm_fail(reader->status, RPM_INVALID_ARGUMENT, hint, "antenna pattern, line %d: %s", line, message);
}
