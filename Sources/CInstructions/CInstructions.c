// The target is header-only, but SwiftPM requires a source file.
