# rpm_pg: a PostgreSQL extension for radio propagation.
#
#   make && make install          the extension (PGXS; PG_CONFIG names another server)
#   make engine                   the engine alone: build/librpm_engine.a, no PostgreSQL
#   make unit                     builds and runs the engine's unit tests
#   make sanitize                 the same under AddressSanitizer and UndefinedBehaviorSanitizer
#   make bench                    builds the benchmark programs into build/bench
#   make cuda                     the GPU module (made by `make` too where nvcc is)
#   make nn-cuda                  networks for GPUs (likewise, where cuDNN is too)

PG_CONFIG ?= pg_config
EXTENSION = rpm_pg
EXTVERSION = $(shell sed -n "s/^default_version *= *'\(.*\)'/\1/p" rpm_pg.control)
MODULE_big = rpm_pg

ENGINE_SOURCES = $(sort $(wildcard src/engine/*/*.c))
PG_SOURCES = $(sort $(wildcard src/pg/*.c))
# oneDNN is not linked in: build/rpm_pg_nn.so has it, and is opened by the first network that runs.
OBJS = $(PG_SOURCES:.c=.o) $(patsubst %.c,%.o,$(filter-out $(DNNL_SOURCES),$(ENGINE_SOURCES)))

SQL_ROOMS = $(sort $(wildcard sql/[0-9][0-9]_*.sql))

# The version in development against the last one released, whose scripts are committed (docs/releases.md): the rooms that are new, the
# rooms of functions only that changed, and what is done first and by hand.
EXTPREVIOUS = 0.1.0
NEW_ROOMS = $(filter sql/7% sql/8% sql/9%,$(SQL_ROOMS))
CHANGED_ROOMS = sql/42_trace.sql sql/53_publish.sql sql/60_aggregates.sql
SQL_OF_VERSION = sql/rpm_pg--$(EXTVERSION).sql
SQL_OF_UPDATE = sql/rpm_pg--$(EXTPREVIOUS)--$(EXTVERSION).sql
DATA_built = $(SQL_OF_VERSION) $(SQL_OF_UPDATE)
# Beside the scripts: the default model (docs/model-card.md).
DATA = $(filter-out $(DATA_built),$(wildcard sql/rpm_pg--*.sql)) model/rpm_pg_default.safetensors
EXTRA_CLEAN = build

REGRESS = $(patsubst test/sql/%.sql,%,$(sort $(wildcard test/sql/*.sql)))
# Inputs in test/sql; outputs in expected/, where pg_regress looks by itself (15: in its output folder; 16 and later: in --expecteddir).
REGRESS_OPTS = --inputdir=test --load-extension=postgis --load-extension=postgis_raster --load-extension=rpm_pg

include build.mk

# The server's headers count as the system's: their unused parameters are not our warnings.
PG_CPPFLAGS = -isystem $(shell $(PG_CONFIG) --includedir-server) -Iinclude -Isrc/engine -DRPM_PG_VERSION='"$(EXTVERSION)"' $(filter-out $(DNNL_CPPFLAGS),$(ENGINE_CPPFLAGS))
PG_CFLAGS = $(filter-out -g,$(DEBUG)) $(WARNINGS) -Wno-declaration-after-statement -Wno-missing-prototypes
SHLIB_LINK = $(filter-out $(DNNL_LIBS),$(ENGINE_LIBS))

# No bitcode: the engine gains nothing from the server's JIT, and kernels have none.
override with_llvm = no
PGXS := $(shell $(PG_CONFIG) --pgxs)
ifneq ($(PGXS),)
include $(PGXS)
all: $(DNNL_MODULE) $(if $(NVCC),cuda nn-cuda)
install: install-nn $(if $(NVCC),install-cuda install-nn-cuda)
uninstall: uninstall-nn $(if $(NVCC),uninstall-cuda uninstall-nn-cuda)
endif

$(OBJS): $(ENGINE_HEADERS) $(wildcard src/pg/*.h)
src/pg/engine_tables.o: rpm_pg.control

$(SQL_OF_VERSION): $(SQL_ROOMS) rpm_pg.control
	cat $(SQL_ROOMS) > $@

$(SQL_OF_UPDATE): sql/from_$(EXTPREVIOUS).sql $(CHANGED_ROOMS) $(NEW_ROOMS) Makefile rpm_pg.control
	cat sql/from_$(EXTPREVIOUS).sql > $@
	sed -E 's/^CREATE (FUNCTION|AGGREGATE) /CREATE OR REPLACE \1 /' $(CHANGED_ROOMS) /dev/null >> $@
	cat $(NEW_ROOMS) /dev/null >> $@
