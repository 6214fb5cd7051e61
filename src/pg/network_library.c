/* network_library.c: whether networks run on oneDNN here. */
#include "postgres.h"

#include "network_library.h"
#include "rpm_nn.h"

void
rpm_network_notice_library(void)
{
	static bool said = false;

	if (said || rpm_nn_backend_available(RPM_NN_ONEDNN))
		return;
	said = true;
	ereport(NOTICE,
			(errmsg("networks run without oneDNN, many times slower"),
			 errhint("Install oneDNN (Debian 12: libdnnl2, 13: libdnnl3.6) and see that rpm_pg_nn.so lies beside rpm_pg.so.")));
}
