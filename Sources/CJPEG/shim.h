// jpeglib.h needs size_t and FILE, and does not include their headers.
#include <stddef.h>
#include <stdio.h>

#include <jpeglib.h>
