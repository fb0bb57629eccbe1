// Whoever signs in next in this tab must not find somebody else's unsent words.
"use strict";
sessionStorage.clear();
