-- The products of the demo: one map per antenna, and what follows from all of them.
SELECT rpm_publish('munich', 'rsrp_dbm');
SELECT rpm_publish('munich', 'best_server');
SELECT rpm_publish('munich', 'strongest');
SELECT rpm_publish('munich', 'sinr_db');
