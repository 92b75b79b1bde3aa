// @ts-check
// Where the page of `pollbench lab` begins.

import { overHttp } from "./back.js";
import { begin } from "./main.js";

begin(async () => overHttp());
