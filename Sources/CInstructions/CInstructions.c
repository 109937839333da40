// A header-only target: SwiftPM wants one source file.
