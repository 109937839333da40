internal import Foundation

/// Memory for a fixed number of elements, initialized to zero bits, and freed at the end of the buffer's life.
///
/// It is aligned to 64 bytes (a cache line, and the widest register). Buffers of 2 MiB or more are aligned to 2 MiB and
/// ask for huge pages; their pages are zeroed when they are first used, by the thread that uses them. Kernels and inner
/// loops use ``pointer``, whose accesses are not checked; the subscript checks bounds in debug builds only.
package struct AlignedBuffer<Element: BitwiseCopyable>: ~Copyable {
  package let pointer: UnsafeMutablePointer<Element>
  package let count: Int
  /// The pages of a large buffer; nil if the buffer is on the heap.
  private let pages: UnsafeMutableRawBufferPointer?

  package static var alignment: Int { 64 }
  private static var hugePage: Int { 2 << 20 }

  /// Allocates `count` elements of zero bits.
  package init(count: Int) {
    precondition(count >= 0, "negative count")
    let byteCount = max(count * MemoryLayout<Element>.stride, 1)
    pages = Self.pages(byteCount: byteCount)
    let memory =
      pages?.baseAddress?.alignedUp(toMultipleOf: Self.hugePage)
      ?? .allocate(byteCount: byteCount, alignment: Self.alignment)
    if pages == nil {
      memory.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
    } else {
      #if os(Linux)
        // Huge pages save address translations where access is scattered. Ask before the memory is touched.
        madvise(memory, byteCount, MADV_HUGEPAGE)
      #endif
    }
    self.pointer = memory.bindMemory(to: Element.self, capacity: count)
    self.count = count
  }

  /// Returns new pages of zero bits for a large buffer, with room to align it; nil for a small one.
  private static func pages(byteCount: Int) -> UnsafeMutableRawBufferPointer? {
    guard byteCount >= hugePage else { return nil }
    let length = byteCount + hugePage
    let start = mmap(nil, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    precondition(start != MAP_FAILED, "cannot allocate \(byteCount) bytes")
    return UnsafeMutableRawBufferPointer(start: start, count: length)
  }

  /// Copies `elements`.
  package init(_ elements: some Collection<Element>) {
    self.init(count: elements.count)
    // Not element by element: a generic loop over an array is slow where it is not specialized.
    _ = UnsafeMutableBufferPointer(start: pointer, count: count).update(fromContentsOf: elements)
  }

  deinit {
    if let pages { munmap(pages.baseAddress!, pages.count) } else { pointer.deallocate() }
  }

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
