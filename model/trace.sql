-- The level of every antenna of the towns within 640 m, in cells of 10 m.
SET client_min_messages = warning;
CREATE TABLE traced (antenna_id bigint PRIMARY KEY, rast raster NOT NULL);
DO $$
DECLARE
	t record;
BEGIN
	FOR t IN SELECT * FROM town ORDER BY town LOOP
		INSERT INTO traced SELECT m.antenna_id, m.rast
		FROM rpm_trace('town ' || t.town, (SELECT array_agg(a.antenna_id ORDER BY a.antenna_id) FROM rpm.antenna AS a WHERE a.site_id = t.town),
			extent => ST_MakeEnvelope(t.x - 640, t.y - 640, t.x + 640, t.y + 640, 32632), mechanisms => '{line_of_sight,reflection,diffraction,over_roofs}', max_depth => 2) AS m;
		COMMIT;
	END LOOP;
END $$;
