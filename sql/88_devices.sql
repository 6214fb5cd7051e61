-- Where maps are traced.

CREATE FUNCTION @extschema@.rpm_devices(
	OUT kind text, OUT number integer, OUT name text, OUT usable boolean, OUT reason text, OUT hint text,
	OUT memory_mb bigint, OUT free_mb bigint, OUT compute_capability text, OUT processors integer,
	OUT driver_cuda text, OUT module_cuda text)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'rpm_sql_devices' LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED COST 100000 ROWS 2;
COMMENT ON FUNCTION @extschema@.rpm_devices() IS
	'what maps can be traced on: the CPU, each CUDA device with memory, compute capability and driver, and why one is not used';
