internal import Foundation

/// Memory for a fixed number of elements, initialized to zero bits, and freed at the end of the buffer's life.
///
/// It is aligned to 64 bytes (a cache line, and the widest register). Buffers of 2 MiB or more are aligned to 2 MiB and
/// ask for huge pages. Kernels and inner loops use ``pointer``, whose accesses are not checked; the subscript checks
/// bounds in debug builds only.
package struct AlignedBuffer<Element: BitwiseCopyable>: ~Copyable {
  package let pointer: UnsafeMutablePointer<Element>
  package let count: Int

  package static var alignment: Int { 64 }
  private static var hugePage: Int { 2 << 20 }

  /// Allocates `count` elements of zero bits.
  package init(count: Int) {
    precondition(count >= 0, "negative count")
    let byteCount = max(count * MemoryLayout<Element>.stride, 1)
    let isLarge = byteCount >= Self.hugePage
    let memory = UnsafeMutableRawPointer.allocate(
      byteCount: byteCount, alignment: isLarge ? Self.hugePage : Self.alignment)
    #if os(Linux)
      // Huge pages save address translations where access is scattered. Ask before the memory is touched.
      if isLarge { madvise(memory, byteCount, MADV_HUGEPAGE) }
    #endif
    memory.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
    self.pointer = memory.bindMemory(to: Element.self, capacity: count)
    self.count = count
  }

  /// Copies `elements`.
  package init(_ elements: some Collection<Element>) {
    self.init(count: elements.count)
    for (index, element) in elements.enumerated() { pointer[index] = element }
  }

  deinit { pointer.deallocate() }

  package subscript(index: Int) -> Element {
    get {
      assert(index >= 0 && index < count)
      return pointer[index]
    }
    set {
      assert(index >= 0 && index < count)
      pointer[index] = newValue
    }
  }

  /// All elements. Valid as long as the buffer.
  package var elements: UnsafeMutableBufferPointer<Element> { UnsafeMutableBufferPointer(start: pointer, count: count) }
}

// Threads that share a buffer either only read it or write disjoint ranges of it.
extension AlignedBuffer: @unchecked Sendable where Element: Sendable {}
