-- What is learned from: the traced level of every antenna at a quarter of the cells within 640 m, drawn by hash, with 6 dB that no tracer knows
-- (slow fading: TR 38.901, table 7.4.1-1, has 4 to 8 dB in street canyons and over roofs), so that the network's deviations are those of a measurement.
-- Levels below -150 dBm, which no receiver measures, are left out.
CREATE FUNCTION pg_temp.draw(k bigint, what integer) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$
	SELECT mod(abs(hashint8extended(k, 20261 + what)), 1000003) / 1000003.0 $$;

INSERT INTO rpm.measurement (antenna_id, geom, rsrp_dbm)
SELECT antenna_id, geom, val + 6 * sqrt(-2 * ln(1 - pg_temp.draw(key, 31))) * cos(2 * pi() * pg_temp.draw(key, 32))
FROM (SELECT antenna_id, (p).geom, (p).val, (antenna_id * 1000 + (p).x) * 1000 + (p).y AS key FROM traced, LATERAL ST_PixelAsCentroids(rast) AS p) AS cell
WHERE val > -150 AND pg_temp.draw(key, 30) < 0.25;
ANALYZE rpm.measurement;
