internal import Foundation

/// Owns `count` elements, aligned to 64 bytes (a cache line, and the widest register), set to zero bits at the start.
///
/// The kernels work on its pointers; everything else reaches elements by subscript, with bounds checked in debug builds.
package struct AlignedBuffer<Element: BitwiseCopyable>: ~Copyable {
  package let pointer: UnsafeMutablePointer<Element>
  package let count: Int

  package static var alignment: Int { 64 }
  private static var hugePage: Int { 2 << 20 }

  package init(count: Int) {
    precondition(count >= 0, "negative count")
    let byteCount = max(count * MemoryLayout<Element>.stride, 1)
    let isLarge = byteCount >= Self.hugePage
    let memory = UnsafeMutableRawPointer.allocate(
      byteCount: byteCount, alignment: isLarge ? Self.hugePage : Self.alignment)
    #if os(Linux)
      // Ask for huge pages, before the memory is touched: far fewer address translations where access is scattered.
      if isLarge { madvise(memory, byteCount, MADV_HUGEPAGE) }
    #endif
    memory.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
    self.pointer = memory.bindMemory(to: Element.self, capacity: count)
    self.count = count
  }

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

  package var elements: UnsafeMutableBufferPointer<Element> { UnsafeMutableBufferPointer(start: pointer, count: count) }
}

// Exclusive ownership moves with the value; who shares the pointer between threads gives each a slice of its own.
extension AlignedBuffer: @unchecked Sendable where Element: Sendable {}
