/* passmesh completion bash. */
#include "commands.h"

#include <stdio.h>
#include <string.h>

int command_completion(const struct command_args *args)
{
    if (args->argc != 1 || strcmp(args->argv[0], "bash") != 0) {
        command_say("usage: passmesh completion bash");
        return EXIT_USAGE;
    }
    (void)fputs(
        "_passmesh() {\n"
        "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} words\n"
        "    case $before in\n"
        "        --home) COMPREPLY=($(compgen -d -- \"$word\")); return ;;\n"
        "        account) words='list use rename' ;;\n"
        "        owners) words='list add remove apply veto rename forget threshold chains carry' "
        ";;\n"
        "        upgrade) words='begin apply veto' ;;\n"
        "        limits) words='list set lower apply veto' ;;\n"
        "        known) words='list add forget apply veto' ;;\n"
        "        cosigner) words='show offers add join sign remove release' ;;\n"
        "        sign) words='text open answer'; COMPREPLY=($(compgen -f -W \"$words\" -- "
        "\"$word\")); return ;;\n"
        "        sessions) words='list add call end' ;;\n"
        "        guardians) words='name set rename remove' ;;\n"
        "        recovery) words='status ask help answer send apply stop practice cancel hold "
        "forget' ;;\n"
        "        network) words='list use public-dht' ;;\n"
        "        net) words='status ping find trace --help' ;;\n"
        "        ping|find|trace) [ \"${COMP_WORDS[COMP_CWORD-2]}\" != net ] ||\n"
        "            words=$(passmesh --json peers 2>/dev/null | grep -o '\"id\":\"[^\"]*' | cut "
        "-d'\"' -f4) ;;\n"
        "        accounts) words='add' ;;\n"
        "        vault) words='status lock' ;;\n"
        "        backup) words='--check'; COMPREPLY=($(compgen -f -W \"$words\" -- \"$word\")); "
        "return ;;\n"
        "        restore) COMPREPLY=($(compgen -f -- \"$word\")); return ;;\n"
        "        open) words='--print' ;;\n"
        "        completion) words='bash' ;;\n"
        "        *) words='--home --json --help --version",
        stdout);
    for (size_t i = 0; i < commands_count; i++) {
        (void)printf(" %s", commands[i].name);
    }
    (void)fputs("' ;;\n"
                "    esac\n"
                "    COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
                "}\n"
                "complete -F _passmesh passmesh\n",
                stdout);
    return EXIT_DONE;
}
