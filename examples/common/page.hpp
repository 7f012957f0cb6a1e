#pragma once

/// page.html, put here by the build.
extern const char page[];
