/* pattern_import.c: MSI/Planet antenna files as rows, and thermal noise. */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "datums.h"
#include "rpm_level.h"
#include "rpm_pattern.h"
#include "status_report.h"
#include "varlena.h"

PG_FUNCTION_INFO_V1(rpm_sql_parse_pattern);
PG_FUNCTION_INFO_V1(rpm_sql_thermal_noise_dbm);

/* Bytes that are read without a look at the interrupts; a file has some ten thousand. */
#define LONGEST_FILE (4 << 20)

static Datum cut_array(const float *attenuation_db);
static Datum text_or_null(const char *text, bool *is_null);

/* The text of an MSI/Planet file as one row; the columns stand in sql/61_patterns.sql. */
Datum
rpm_sql_parse_pattern(PG_FUNCTION_ARGS)
{
	text	   *msi = PG_GETARG_TEXT_PP(0);
	rpm_antenna_pattern pattern;
	rpm_pattern_header header;
	rpm_status	status;
	Datum		values[9];
	bool		nulls[9] = {false};

	if (VARSIZE_ANY_EXHDR(msi) > LONGEST_FILE)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("the text of the antenna file has %zu bytes, more than %d", (size_t) VARSIZE_ANY_EXHDR(msi), LONGEST_FILE),
				 errhint("An MSI or Planet file has some 700 lines: give one antenna's.")));
	rpm_status_clear(&status);
	rpm_pattern_parse_msi(VARDATA_ANY(msi), VARSIZE_ANY_EXHDR(msi), &pattern, &header, &status);
	rpm_report_status(&status);

	values[0] = text_or_null(header.name, &nulls[0]);
	values[1] = text_or_null(header.make, &nulls[1]);
	values[2] = rpm_float8_or_null(header.frequency_mhz, &nulls[2]);
	values[3] = Float8GetDatum(pattern.gain_dbi);
	values[4] = rpm_float8_or_null(header.tilt_deg, &nulls[4]);
	values[5] = text_or_null(header.polarisation, &nulls[5]);
	values[6] = BoolGetDatum(pattern.includes_electrical_tilt);
	values[7] = cut_array(pattern.horizontal_attenuation_db);
	values[8] = cut_array(pattern.vertical_attenuation_db);
	PG_RETURN_DATUM(rpm_result_row(fcinfo, values, nulls));
}

/* (noise_figure_db, bandwidth_hz, temperature_k) -> dBm */
Datum
rpm_sql_thermal_noise_dbm(PG_FUNCTION_ARGS)
{
	double		noise_figure_db = PG_GETARG_FLOAT8(0);
	double		bandwidth_hz = PG_GETARG_FLOAT8(1);
	double		temperature_k = PG_GETARG_FLOAT8(2);

	if (!isfinite(noise_figure_db) || !(bandwidth_hz > 0) || !isfinite(bandwidth_hz) || !(temperature_k > 0) ||
		!isfinite(temperature_k))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("there is no thermal noise of figure %g dB, bandwidth %g Hz, temperature %g K",
						noise_figure_db, bandwidth_hz, temperature_k),
				 errhint("Give a finite noise figure, and a bandwidth and a temperature above 0.")));
	PG_RETURN_FLOAT8(rpm_noise_power_dbm(noise_figure_db, bandwidth_hz, temperature_k));
}

static Datum
cut_array(const float *attenuation_db)
{
	Datum		elements[360];

	for (int i = 0; i < 360; i++)
		elements[i] = Float4GetDatum(attenuation_db[i]);
	return PointerGetDatum(construct_array(elements, 360, FLOAT4OID, sizeof(float4), true, TYPALIGN_INT));
}

static Datum
text_or_null(const char *text, bool *is_null)
{
	*is_null = text[0] == '\0';
	return *is_null ? (Datum) 0 : CStringGetTextDatum(text);
}

