# rpm_pg: a PostgreSQL extension for radio propagation.
#
#   make && make install          the extension (PGXS; PG_CONFIG names another server)
#   make engine                   the engine alone: build/librpm_engine.a, no PostgreSQL
#   make unit                     builds and runs the engine's unit tests
#   make sanitize                 the same under AddressSanitizer and UndefinedBehaviorSanitizer
#   make bench                    builds the benchmark programs into build/bench
#   make cuda                     the GPU module (made by `make` too where nvcc is)

PG_CONFIG ?= pg_config
EXTENSION = rpm_pg
EXTVERSION = $(shell sed -n "s/^default_version *= *'\(.*\)'/\1/p" rpm_pg.control)
MODULE_big = rpm_pg

ENGINE_SOURCES = $(sort $(wildcard src/engine/*/*.c))
PG_SOURCES = $(sort $(wildcard src/pg/*.c))
OBJS = $(PG_SOURCES:.c=.o) $(ENGINE_SOURCES:.c=.o)

SQL_ROOMS = $(sort $(wildcard sql/[0-9][0-9]_*.sql))
DATA_built = sql/rpm_pg--$(EXTVERSION).sql
DATA = $(filter-out $(DATA_built),$(wildcard sql/rpm_pg--*.sql))
EXTRA_CLEAN = build

REGRESS = $(patsubst test/sql/%.sql,%,$(sort $(wildcard test/sql/*.sql)))
# Inputs in test/sql; outputs in expected/, where pg_regress looks by itself (15: in its output folder; 16 and later: in --expecteddir).
REGRESS_OPTS = --inputdir=test --load-extension=postgis --load-extension=postgis_raster --load-extension=rpm_pg

include build.mk

# The server's headers count as the system's: their unused parameters are not our warnings.
PG_CPPFLAGS = -isystem $(shell $(PG_CONFIG) --includedir-server) -Iinclude -Isrc/engine -DRPM_PG_VERSION='"$(EXTVERSION)"' $(ENGINE_CPPFLAGS)
PG_CFLAGS = $(WARNINGS) -Wno-declaration-after-statement -Wno-missing-prototypes
SHLIB_LINK = $(ENGINE_LIBS)

# No bitcode: the engine gains nothing from the server's JIT, and kernels have none.
override with_llvm = no
PGXS := $(shell $(PG_CONFIG) --pgxs)
ifneq ($(PGXS),)
include $(PGXS)
all: $(if $(NVCC),cuda)
install: $(if $(NVCC),install-cuda)
uninstall: $(if $(NVCC),uninstall-cuda)
endif

sql/rpm_pg--$(EXTVERSION).sql: $(SQL_ROOMS) rpm_pg.control
	cat $(SQL_ROOMS) > $@
