-- Who learns and who is judged: areas dealt to five folds as rpm_train deals them, the first is judged; nobody learns whose tile comes nearer than
-- 1,280 m to a judged one's. Table mast is there; table chosen is made. Variables: learn, judged (how many of each, drawn by hash).
SET client_min_messages = warning;
CREATE TABLE chosen AS
WITH dealt AS (
	SELECT array_agg(antenna_id ORDER BY antenna_id) AS ids, rpm.train_folds(array_agg(site_id ORDER BY antenna_id), array_agg(area::text ORDER BY antenna_id), 'area', 5, 1) AS folds FROM mast
), side AS (
	SELECT m.*, u.fold = 0 AS judged FROM dealt, unnest(ids, folds) AS u (id, fold) JOIN mast AS m ON m.antenna_id = u.id
), apart AS (
	SELECT s.* FROM side AS s WHERE s.judged OR NOT EXISTS (SELECT FROM side AS j WHERE j.judged AND greatest(abs(j.x - s.x), abs(j.y - s.y)) < 3840)
)
SELECT antenna_id, judged FROM (SELECT *, row_number() OVER (PARTITION BY judged ORDER BY hashint8extended(antenna_id, 5)) AS n FROM apart) AS a
WHERE n <= CASE WHEN judged THEN :judged ELSE :learn END;
