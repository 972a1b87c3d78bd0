#!/usr/bin/env python3
"""Writes the C table of src/node/config/networks_built_in.h: networks_gen.py OUT FILE..."""
import json
import os
import sys

out, files = sys.argv[1], sys.argv[2:]
lines = ["/* Made by tools/networks_gen.py from networks/. */", '#include "node/config/networks_built_in.h"', "",
         "const struct network_built_in networks_built_in[] = {"]
for name in files:
    with open(name, encoding="utf-8") as f:
        text = "\n".join(json.dumps(line, ensure_ascii=True) for line in f.read().splitlines(keepends=True))
    lines.append(f'    {{.name = "{os.path.basename(name)}", .text = {text}}},')
lines += ["};", f"const size_t networks_built_in_count = {len(files)};", ""]
with open(out, "w", encoding="utf-8") as f:
    f.write("\n".join(lines))
