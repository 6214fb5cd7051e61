/*
 * fuzz_pattern.c: any bytes given as an MSI/Planet file either make a pattern of finite numbers or an error with a message.
 */
#include "driver.h"

#include <stdlib.h>
#include <string.h>

#include "rpm_pattern.h"

static void insist(int condition)
{
	if (!condition)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	rpm_antenna_pattern pattern = rpm_pattern_default(RPM_PATTERN_ISOTROPIC);
	rpm_pattern_header header;
	rpm_status	status;
	rpm_code	code;

	rpm_status_clear(&status);
	code = rpm_pattern_parse_msi((const char *) data, size, &pattern, &header, &status);
	insist(code == status.code);
	if (code != RPM_OK)
	{
		insist(status.message[0] != '\0' && strlen(status.message) < sizeof(status.message));
		insist(code == RPM_OUT_OF_MEMORY || status.hint[0] != '\0');
		insist(pattern.kind == RPM_PATTERN_ISOTROPIC);
		return 0;
	}
	insist(pattern.kind == RPM_PATTERN_MEASURED && isfinite(pattern.gain_dbi));
	for (int i = 0; i < 360; i++)
		insist(pattern.horizontal_attenuation_db[i] >= 0 && pattern.vertical_attenuation_db[i] >= 0);
	for (double theta = 0; theta <= RPM_PI; theta += 0.3)
		for (double phi = -RPM_PI; phi <= RPM_PI; phi += 0.3)
		{
			double		gain = rpm_pattern_gain(&pattern, theta, phi, 0.1);

			insist(isfinite(gain) && gain >= 0 && gain <= pow(10, pattern.gain_dbi / 10) * 1.0001);
		}
	insist(strlen(header.name) < sizeof(header.name) && strlen(header.comment) < sizeof(header.comment));
	return 0;
}
