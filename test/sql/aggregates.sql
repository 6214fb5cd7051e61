-- Best server, strongest level and SINR over three antennas, reckoned by hand; their errors.
\set VERBOSITY default
\set SHOW_CONTEXT never

-- A row of three cells of 10 m; the third antenna's raster starts one cell further east.
CREATE TEMPORARY TABLE map (antenna_id bigint, channel int, load float8, rast raster);
INSERT INTO map
SELECT antenna_id, channel, load,
	ST_SetValues(ST_AddBand(ST_MakeEmptyRaster(2, 1, 500000 + shift, 5000000, 10, -10, 0, 0, 32632), '32BF'::text, -9999, -9999),
		1, 1, 1, ARRAY[levels]::float8[][])
FROM (VALUES
	(1, 100, 1.0, 0, ARRAY[-80, -90]),
	(2, 100, 0.5, 0, ARRAY[-90, -85]),
	(3, 200, 1.0, 10, ARRAY[-70, -9999])) AS m(antenna_id, channel, load, shift, levels);

SELECT ST_Width(r), ST_Height(r), ST_UpperLeftX(r), ST_UpperLeftY(r), ST_SRID(r), ST_BandPixelType(r), ST_BandNoDataValue(r),
	ST_DumpValues(r, 1)
FROM (SELECT rpm_best_server(rast, antenna_id) AS r FROM map) AS s;

SELECT ST_Width(r), ST_BandPixelType(r), ST_BandNoDataValue(r), ST_DumpValues(r, 1)
FROM (SELECT rpm_strongest(rast) AS r FROM map) AS s;

-- Cell 1: 1e-8 mW over 0.5 x 1e-9 + 1e-12 mW; cell 2: channel 200 alone, 1e-7 over 1e-12.
SELECT round(ST_Value(r, 1, 1, 1)::numeric, 3) AS cell_1, round((10 * log(1e-8 / (0.5e-9 + 1e-12)))::numeric, 3) AS by_hand,
	round(ST_Value(r, 1, 2, 1)::numeric, 3) AS cell_2, ST_Value(r, 1, 3, 1) AS cell_3
FROM (SELECT rpm_sinr(rast, channel, load, -120) AS r FROM map) AS s;

-- The order of the rows does not matter.
SELECT count(DISTINCT ST_AsBinary(r)) AS different
FROM (SELECT rpm_best_server(rast, antenna_id ORDER BY antenna_id) AS r FROM map
	UNION ALL SELECT rpm_best_server(rast, antenna_id ORDER BY antenna_id DESC) FROM map) AS s;

-- Nothing in, nothing out.
SELECT rpm_best_server(rast, antenna_id) IS NULL AS best, rpm_strongest(rast) IS NULL AS strongest,
	rpm_sinr(rast, channel, load, -120) IS NULL AS sinr FROM map WHERE false;
SELECT rpm_strongest(NULL::raster) IS NULL AS all_null;

-- Noise per resource element of 15 kHz at 290 K with 9 dB: -132.22 + 9 dBm.
SELECT round(rpm_thermal_noise_dbm()::numeric, 2) AS noise_dbm, round(rpm_thermal_noise_dbm(0, 1, 290)::numeric, 2) AS per_hertz;

-- What cannot be.
SELECT rpm_thermal_noise_dbm(9, 0);
SELECT rpm_sinr(rast, channel, 2.0, -120) FROM map;
SELECT rpm_sinr(rast, channel, load, NULL) FROM map;
SELECT rpm_best_server(rast, NULL) FROM map;
SELECT rpm_best_server(rast, 3000000000) FROM map;
SELECT rpm_strongest(r) FROM (SELECT rast AS r FROM map UNION ALL SELECT ST_SetSRID(rast, 32633) FROM map) AS s;
SELECT rpm_strongest(r ORDER BY ST_ScaleX(r)) FROM (SELECT rast AS r FROM map WHERE antenna_id = 1
	UNION ALL SELECT ST_AddBand(ST_MakeEmptyRaster(2, 1, 500003, 5000000, 10.5, -10, 0, 0, 32632), '32BF'::text, -9999, -9999)) AS s;
SELECT rpm_strongest(ST_MakeEmptyRaster(2, 1, 500000, 5000000, 10, -10, 0, 0, 32632));
SELECT rpm_strongest(ST_AddBand(ST_MakeEmptyRaster(2, 1, 500000, 5000000, 10, 10, 0, 0, 32632), '32BF'::text, 0, -9999));

-- Too much for the memory allowed: two maps a thousand kilometres apart.
SET rpm_pg.max_memory = '64MB';
SELECT rpm_strongest(r) FROM (SELECT rast AS r FROM map WHERE antenna_id = 1
	UNION ALL SELECT ST_SetUpperLeft(rast, 1500000, 6000000) FROM map WHERE antenna_id = 1) AS s;
RESET rpm_pg.max_memory;
DROP TABLE map;
