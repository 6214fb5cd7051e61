-- The demo city (demo/city.sql) with one antenna of each mast, traced as the towns were, as far as it reaches: table truth of model/judge.sql.
SET client_min_messages = warning;
CREATE TABLE truth AS
SELECT 'Munich' AS place, 'munich' AS scene, m.antenna_id, (p).geom, (p).val AS level
FROM rpm.antenna AS a, LATERAL rpm_trace('munich', ARRAY[a.antenna_id], 10, ST_Intersection(rpm_tile(a.geom, 10, 128, 128), (SELECT ST_SetSRID(ST_Extent(b.geom)::geometry, 32632) FROM building_outline AS b)),
		mechanisms => '{line_of_sight,reflection,diffraction,over_roofs}', max_depth => 2) AS m,
	LATERAL ST_PixelAsCentroids(m.rast) AS p
WHERE a.antenna_id IN (1, 4, 7, 10) AND (p).val > -150;
