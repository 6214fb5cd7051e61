/* scene_report.h: what the functions on a scene share. */
#ifndef RPM_PG_SCENE_REPORT_H
#define RPM_PG_SCENE_REPORT_H

#include "postgres.h"

#include "fmgr.h"

/* The argument that names a scene.  Errors: 22004 when it is null. */
extern char *rpm_scene_argument(FunctionCallInfo fcinfo, int argument);

#endif
