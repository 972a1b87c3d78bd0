/* What the codes of hardware.h say, in English: for terminals and logs. The page has its own words (api/codes.json, kind hardware). */
#include "tee/hardware.h"

#include <string.h>

static const struct {
    const char *code;
    const char *text;
} sentences[] = {
    {"device_not_in_container", "The device is not passed into this container."                            },
    {"device_refused",          "The device is there, but not for this user."                              },
    {"sgx_none",                "The processor has no SGX, or hides it."                                   },
    {"sgx_firmware_off",
     "The processor has SGX; its firmware leaves it off or gives it no memory."                            },
    {"sgx_no_launch_control",   "This SGX has no flexible launch control: Linux does not use it."          },
    {"sgx_ok",                  "Enclaves can be started."                                                 },
    {"sgx_no_device",           "SGX is on, but the kernel offers no device."                              },
    {"tdx_guest_none",          "This is not a TDX guest."                                                 },
    {"tdx_guest_ok",            "Quotes can be asked for; whether the host answers shows only then."       },
    {"tdx_guest_no_device",     "This is a TDX guest, but its kernel cannot ask for quotes."               },
    {"tdx_host_none",           "This is not an Intel host."                                               },
    {"tdx_host_off",
     "The kernel runs no TDX guests; whether the chip could is not shown without privilege."               },
    {"tdx_host_ok",             "TDX guests can be started."                                               },
    {"tdx_host_no_device",      "TDX is on, but there is no /dev/kvm."                                     },
    {"snp_guest_unsure",        "The processor names SEV-SNP, but nothing shows that this guest is one."   },
    {"snp_guest_none",          "This is not a SEV-SNP guest."                                             },
    {"snp_guest_ok",            "Reports can be asked for."                                                },
    {"snp_guest_no_device",     "This is a SEV-SNP guest, but there is no /dev/sev-guest."                 },
    {"snp_host_none",           "This is not an AMD host."                                                 },
    {"snp_host_no_chip",        "The processor has no SEV-SNP, or the firmware hides it."                  },
    {"snp_host_off",            "The processor has SEV-SNP; firmware or kernel leave it off."              },
    {"snp_host_ok",             "SEV-SNP guests can be started."                                           },
    {"snp_host_no_device",      "SNP is on, but there is no /dev/sev."                                     },
    {"paravisor_none",          "No paravisor stands between this system and its hardware."                },
    {"paravisor_ok",            "A confidential VM behind a paravisor: its virtual TPM quotes, and its report "
                     "ties that TPM to the hardware."                                  },
    {"paravisor_no_tpm",        "A confidential VM behind a paravisor, but without its virtual TPM."       },
    {"nitro_none",              "There is no AWS Nitro device."                                            },
    {"nitro_guest_ok",          "This is a Nitro enclave; documents can be asked for."                     },
    {"nitro_host_ok",           "Nitro enclaves can be started."                                           },
    {"cca_none",                "This is not an Arm CCA realm."                                            },
    {"cca_ok",                  "Tokens can be asked for."                                                 },
    {"cca_no_tokens",           "This is a realm, but its kernel does not offer tokens."                   },
    {"optee_none",              "There is no trusted operating system that we could use."                  },
    {"optee_ok",                "A trusted operating system answers. Whether its boot is locked to its maker is "
                 "not known here."                                                         },
    {"tpm_none",                "The kernel shows no TPM 2.0."                                             },
    {"tpm_ok",
     "A TPM 2.0 answers. Whether it is a chip or software, only its maker's certificate can tell."         },
    {"tpm_no_device",           "There is a TPM 2.0, but no /dev/tpmrm0."                                  },
    {"pass_device",             "Pass the device into the container, or run outside of it."                },
    {"sgx_ask_host",            "Ask whoever runs the host to give this machine SGX memory."               },
    {"sgx_switch_on",           "Switch SGX on in the firmware's setup, with at least 64 MiB."             },
    {"sgx_kernel",              "Use a kernel of 5.11 or later with SGX support."                          },
    {"sgx_allow",
     "Let this user use /dev/sgx_enclave and /dev/sgx_provision (groups sgx and sgx_prv)."                 },
    {"report_as_other",         "Run the part that asks for reports as a user who may."                    },
    {"tdx_guest_kernel",        "Use a kernel of 6.7 or later in the guest."                               },
    {"tdx_switch_on",
     "On a processor with TDX, switch it on in the firmware and load kvm_intel with tdx=1."                },
    {"kvm_load",                "Load the module kvm_intel."                                               },
    {"kvm_allow",               "Let this user use /dev/kvm."                                              },
    {"snp_guest_kernel",        "If it should be one: use a guest kernel with the module sev-guest."       },
    {"snp_guest_load",          "Load the module sev-guest."                                               },
    {"snp_switch_on_epyc",
     "On an EPYC of the third generation or later: switch SNP on in the firmware."                         },
    {"snp_switch_on",           "Switch SNP on in the firmware, and use a kernel of 6.11 or later."        },
    {"snp_host_load",           "Load the module ccp."                                                     },
    {"snp_host_allow",          "Let this user use /dev/sev and /dev/kvm."                                 },
    {"tpm_load_virtual",        "Load the module tpm_crb or tpm_tis."                                      },
    {"tpm_allow",               "Let this user use /dev/tpmrm0 (group tss)."                               },
    {"nitro_allow",             "Let this user use the device."                                            },
    {"cca_load",                "Mount configfs, and load the module arm-cca-guest."                       },
    {"optee_allow",             "Let this user use /dev/tee0 (group tee)."                                 },
    {"tpm_switch_on",           "If the machine has one, switch it on in the firmware (fTPM, PTT)."        },
    {"tpm_load",                "Load the kernel's TPM driver."                                            },
    {"memory_too_small",        "It needs 2 GiB of memory at the very least."                              },
    {"serves_few",              "With less than 4 GiB of memory or two cores it serves few people at once."},
    {"keeps_little",            "With less than 20 GiB of free disk it keeps little."                      },
    {"enough",                  "Memory, cores and disk are enough."                                       },
    {"disk_too_small",          "It needs 20 GiB of free disk."                                            },
    {"key_bound",               "Its key can be bound to this machine."                                    },
    {"passphrase_only",
     "Its key would be protected by a passphrase alone: no TPM, no closed memory."                         },
    {"no_closed_memory",
     "It needs memory that the operator cannot read: SGX, a confidential guest, or a realm."               },
    {"enclave_small",           "With less than 64 MiB of enclave memory it is slow."                      },
    {"guest_too_small",         "A confidential guest needs 2 GiB of memory for it."                       },
    {"needs_release",           "The hardware is there. Clients accept it when the measured program stands "
                      "in the signed release list."                                   },
};

const char *hardware_sentence(const char *code)
{
    for (size_t i = 0; i < sizeof sentences / sizeof sentences[0]; i++) {
        if (strcmp(sentences[i].code, code) == 0) {
            return sentences[i].text;
        }
    }
    return "";
}

size_t hardware_sentence_count(void)
{
    return sizeof sentences / sizeof sentences[0];
}
