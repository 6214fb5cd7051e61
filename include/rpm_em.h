/* rpm_em.h: the electromagnetic formulas, all of them pure functions that C and CUDA compile. */
#ifndef RPM_EM_H
#define RPM_EM_H

#include "rpm_pattern.h"
#include "rpm_fresnel.h"
#include "rpm_scattering.h"
#include "rpm_utd.h"

#endif
