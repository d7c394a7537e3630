# SPDX-License-Identifier: GPL-2.0-only
# Configuration: $(B)/.config (made with the defaults when there is none) and $(B)/include/config.h, which every compilation includes.
# Included by hypervisor/Makefile, which sets TOP and B. To change a value: `make menuconfig`, or edit $(B)/.config.
.DEFAULT_GOAL := all
KCONFIG_DIR = $(B)/kconfig
KCONFIG_RUN = mkdir -p $(B)/include $(KCONFIG_DIR)/include/config $(KCONFIG_DIR)/include/generated && cd $(KCONFIG_DIR) && KCONFIG_CONFIG=$(B)/.config
KCONFIG_NEW = $(KCONFIG_DIR)/include/generated/config.h

$(B)/.config: $(TOP)/Kconfig
	@$(KCONFIG_RUN) kconfig-conf --olddefconfig $< > /dev/null
	@touch $@

# The header changes only when a value does. EARLY_UART has to be a number for #if even where it depends on what is off.
$(B)/include/config.h: $(B)/.config $(TOP)/Kconfig
	@$(KCONFIG_RUN) KCONFIG_AUTOHEADER=$(KCONFIG_NEW) kconfig-conf --silentoldconfig $(TOP)/Kconfig > /dev/null
	@printf '#ifndef CONFIG_EARLY_UART\n#define CONFIG_EARLY_UART 0\n#endif\n' >> $(KCONFIG_NEW)
	@cmp -s $(KCONFIG_NEW) $@ || cp $(KCONFIG_NEW) $@

menuconfig: $(B)/.config
	@$(KCONFIG_RUN) kconfig-mconf $(TOP)/Kconfig

.PHONY: menuconfig
