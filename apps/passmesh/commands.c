/* What passmesh can be told to do: the table of contents of this folder. */
#include "commands.h"

const struct command commands[] = {
    {"daemon",     "[--sandbox-optional]",              "run the wallet: keys, network and page, until Ctrl-C",
     command_daemon                                                                                                                          },
    {"open",       "[--print]",
     "show the wallet in a browser, starting it if need be (--print: only its address)",                                     command_open    },
    {"status",     "",                                  "how the wallet is doing",                                           command_status  },
    {"account",    "[list | use ID | rename ID NAME]",  "accounts, and which one is used",
     command_account                                                                                                                         },
    {"owners",     "[list | add ID | remove ID | ...]",
     "passkeys of the account: who may sign, who leaves; also apply, veto, rename, forget",                                  command_owners  },
    {"upgrade",    "[begin | apply | veto]",
     "version of the account's contract, and its move to the next",                                                          command_upgrade },
    {"limits",     "[set | lower | apply | veto]",
     "what one passkey may spend alone where two must sign",                                                                 command_limits  },
    {"known",      "[add ADDRESS | forget ADDRESS]",
     "addresses to which one passkey may send any amount",                                                                   command_known   },
    {"cosigner",   "[offers | add | sign | ...]",
     "a server's key beside the passkey: what leaves the account in a day; also remove, release",                            command_cosigner},
    {"sessions",   "[add ... | call ... | end ID]",
     "keys of jobs that may spend without a passkey: how much, to whom, until when",                                         command_sessions},
    {"balance",    "[--why]",                           "what the account holds, and how each figure was checked",
     command_balance                                                                                                                         },
    {"servers",    "[evidence [COUNT]]",
     "servers of the network, and those whose lie is proven; what shows it",                                                 command_servers },
    {"accounts",   "add NAME --KIND [--fd N]",
     "another account: ordinary, its key in the vault, or only watched",                                                     command_accounts},
    {"vault",      "[status | lock]",                   "the vault of ordinary accounts; it is opened in the page",
     command_vault                                                                                                                           },
    {"backup",     "[--check] FILE",                    "write an encrypted backup file, or prove one",                      command_backup  },
    {"restore",    "FILE [--passkey | --fd N]",         "take a wallet back from its backup file",
     command_restore                                                                                                                         },
    {"recovery",   "[ask ADDRESS | help FILE | ...]",
     "the ways in, and when each was proven last; or getting an account back through its "
     "guardians: also status, answer, send, apply, stop, forget",                                                            command_recovery},
    {"guardians",  "[name | set ... | remove]",         "guardians of the account, and what it is to others",
     command_guardians                                                                                                                       },
    {"receive",    "",                                  "the address of the account that is used",                           command_receive },
    {"send",       "TO AMOUNT [TOKEN]",                 "prepare a transfer; it is approved with the passkey in the page",
     command_send                                                                                                                            },
    {"history",    "[COUNT] [--why]",                   "what was sent and received, newest first",                          command_history },
    {"peers",      "",                                  "connected peers",                                                   command_peers   },
    {"network",    "[list | use ID | public-dht ...]",
     "how this machine is reached and connected; networks, which is used, and whether IPFS's DHT "
     "is asked for servers",                                                                                                 command_network },
    {"net",        "[status | ping | find | trace]",
     "this node among its peers; how one of them is found and reached, step by step",                                        command_net     },
    {"hardware",   "[--report [FILE]]",
     "what this machine can do for others, and what would be missing",                                                       command_hardware},
    {"seal",       "[status | tpm | none | ...]",
     "what keeps the keys' store, while no daemon runs: a file, or this machine's TPM; also "
     "approve, recover",                                                                                                     command_seal    },
    {"plugin",     "[check | install | run ...]",
     "the server program: from a signed repository onto this machine",                                                       command_plugin  },
    {"stop",       "",                                  "end the daemon",                                                    command_stop    },
    {"version",    "",                                  "version of the program, and of the daemon if one runs",             command_version },
    {"completion", "bash",                              "print the completion for bash: source <(passmesh completion bash)",
     command_completion                                                                                                                      },
};

const size_t commands_count = sizeof commands / sizeof commands[0];

void command_print_party(struct json v, const char *member)
{
    struct json party;
    char name[COMMAND_TEXT_LEN];
    char address[COMMAND_TEXT_LEN];
    if (json_find(&party, v, member)) {
        (void)printf("%s %s", command_text(party, "address", address),
                     command_text(party, "name", name));
    }
}
