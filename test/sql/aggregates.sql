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

-- Without the third antenna: where the second takes the cell over, the first interferes with its whole load, 1e-9 mW; 10^-8.5 over it.
SELECT round(ST_Value(r, 1, 1, 1)::numeric, 3) AS cell_1, round(ST_Value(r, 1, 2, 1)::numeric, 3) AS cell_2,
	round((10 * log(10 ^ -8.5 / (1e-9 + 1e-12)))::numeric, 3) AS by_hand
FROM (SELECT rpm_sinr(rast, channel, load, -120 ORDER BY antenna_id) AS r FROM map WHERE channel = 100
	UNION ALL SELECT rpm_sinr(rast, channel, load, -120 ORDER BY antenna_id DESC) FROM map WHERE channel = 100) AS s;

-- Antennas without a channel: those of one frequency interfere, whatever the numbers of the others' channels.
SELECT coalesce(other_channel::text, 'none') AS channel, other_mhz, round(ST_Value(r, 1, 1, 1)::numeric, 3) AS cell_1
FROM (VALUES (NULL::int, 2140.0), (NULL, 2140.0001), (NULL, 2145), (2140000, 2140), (100, 2140)) AS o (other_channel, other_mhz),
	LATERAL (SELECT rpm_sinr(rast, CASE antenna_id WHEN 1 THEN NULL ELSE other_channel END, CASE antenna_id WHEN 1 THEN 2140 ELSE other_mhz END,
		load, -120) AS r FROM map WHERE antenna_id < 3) AS s;
-- With channels the frequency says nothing.
SELECT ST_AsBinary(rpm_sinr(rast, channel, NULL, load, -120)) = ST_AsBinary(rpm_sinr(rast, channel, load, -120)) AS same FROM map;

-- The order of the rows does not matter.
SELECT count(DISTINCT ST_AsBinary(r)) AS different
FROM (SELECT rpm_best_server(rast, antenna_id ORDER BY antenna_id) AS r FROM map
	UNION ALL SELECT rpm_best_server(rast, antenna_id ORDER BY antenna_id DESC) FROM map) AS s;

-- Of equal levels the smaller antenna_id serves, whichever came first; ids may be negative.
SELECT ST_Value(rpm_best_server(rast, id ORDER BY id), 1, 1, 1) AS ascending, ST_Value(rpm_best_server(rast, id ORDER BY id DESC), 1, 1, 1) AS descending
FROM map, (VALUES (-5), (7)) AS twin (id) WHERE antenna_id = 1;

-- Other pixel types: whole numbers, no nodata declared, a value that is not a number.
SELECT ST_DumpValues(rpm_strongest(ST_SetValues(ST_AddBand(ST_MakeEmptyRaster(3, 1, 0, 0, 10, -10, 0, 0, 32632), type, -9999, nodata),
	1, 1, 1, ARRAY[levels])), 1)
FROM (VALUES ('16BSI', -9999, ARRAY[-80, -9999, -101]::float8[]), ('64BF', NULL, ARRAY[-80.5, -9999, 'NaN']::float8[])) AS v (type, nodata, levels)
GROUP BY type ORDER BY type;

-- Nothing in, nothing out.
SELECT rpm_best_server(rast, antenna_id) IS NULL AS best, rpm_strongest(rast) IS NULL AS strongest,
	rpm_sinr(rast, channel, load, -120) IS NULL AS sinr FROM map WHERE false;
SELECT rpm_strongest(NULL::raster) IS NULL AS all_null;

-- Noise per resource element of 15 kHz at 290 K with 9 dB: -132.21 + 9 dBm.
SELECT round(rpm_thermal_noise_dbm()::numeric, 2) AS noise_dbm, round(rpm_thermal_noise_dbm(0, 1, 290)::numeric, 2) AS per_hertz;

-- What cannot be.
SELECT rpm_thermal_noise_dbm(9, 0);
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_sinr(rast, channel, 2.0, -120) FROM map;
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_sinr(rast, channel, load, NULL) FROM map;
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_sinr(rast, NULL, load, -120) FROM map;
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_sinr(rast, NULL, NULL, load, -120) FROM map;
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_sinr(rast, NULL, 0, load, -120) FROM map;
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_sinr(rast, NULL, 'Infinity', load, -120) FROM map;
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_sinr(rast, channel, 2140, NULL, -120), rpm_sinr(rast, channel, 2140, load, 'NaN') FROM map;
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_best_server(rast, NULL) FROM map;
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_best_server(rast, 3000000000) FROM map;
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_strongest(r) FROM (SELECT rast AS r FROM map UNION ALL SELECT ST_SetSRID(rast, 32633) FROM map) AS s;
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_strongest(r ORDER BY ST_ScaleX(r)) FROM (SELECT rast AS r FROM map WHERE antenna_id = 1
	UNION ALL SELECT ST_AddBand(ST_MakeEmptyRaster(2, 1, 500003, 5000000, 10.5, -10, 0, 0, 32632), '32BF'::text, -9999, -9999)) AS s;
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_best_server(ST_MakeEmptyRaster(2, 1, 500000, 5000000, 10, -10, 0, 0, 32632), 7);
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_best_server(rast, antenna_id) FROM (SELECT antenna_id, rast FROM map UNION ALL SELECT 9, ST_SetSRID(rast, 32633) FROM map WHERE antenna_id = 1) AS s;
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_strongest(ST_AddBand(ST_MakeEmptyRaster(2, 1, 500000, 5000000, 10, 10, 0, 0, 32632), '32BF'::text, 0, -9999));
\echo :LAST_ERROR_SQLSTATE
-- A corner that is nowhere; numbers that no level can have, as rasters hold them whose nodata is not declared.
SELECT rpm_strongest(ST_AddBand(ST_MakeEmptyRaster(2, 1, x, 5000000, 10, -10, 0, 0, 32632), '32BF'::text, -80, -9999))
FROM (VALUES (500000), ('NaN'::float8)) AS v (x);
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_strongest(ST_AddBand(ST_MakeEmptyRaster(2, 1, 500000, 5000000, 10, -10, 0, 0, 32632), '32BF'::text, -3.4e38, NULL));
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_sinr(ST_AddBand(ST_MakeEmptyRaster(2, 1, 500000, 5000000, 10, -10, 0, 0, 32632), '32BF'::text, 1e30, -9999), 1, 1, -120);
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_best_server(ST_AddBand(ST_MakeEmptyRaster(2, 1, 500000, 5000000, 10, -10, 0, 0, 32632), '64BF'::text, -9999, -1), 7);
\echo :LAST_ERROR_SQLSTATE

-- Too much for the memory allowed: two maps a thousand kilometres apart.
SET rpm_pg.max_memory = '64MB';
SELECT rpm_strongest(r) FROM (SELECT rast AS r FROM map WHERE antenna_id = 1
	UNION ALL SELECT ST_SetUpperLeft(rast, 1500000, 6000000) FROM map WHERE antenna_id = 1) AS s;
\echo :LAST_ERROR_SQLSTATE
RESET rpm_pg.max_memory;
DROP TABLE map;
