/*
 * Who may call what does more than read; docs/rights.md says why.  A room of its own: rooms of functions are run again by an update, and what
 * an administrator granted since must stay.
 */
REVOKE EXECUTE ON FUNCTION rpm_publish(text, text, text, bigint[], double precision, geometry, raster, double precision, text[], integer,
	bigint, double precision, bigint, text, text, double precision, double precision, boolean, name) FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION rpm_unpublish(text) FROM PUBLIC;
