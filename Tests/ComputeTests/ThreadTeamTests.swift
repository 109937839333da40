import Compute
import Synchronization
import Testing

@Suite struct ThreadTeamTests {
  @Test(arguments: [1, 2, 3, 8]) func everyThreadRunsOnceInEachCall(threads: Int) {
    let team = ThreadTeam(threads: threads)
    let runs = Mutex([Int](repeating: 0, count: threads))
    for _ in 0..<1000 { team.run { thread in runs.withLock { $0[thread] += 1 } } }
    #expect(runs.withLock { $0 } == [Int](repeating: 1000, count: threads))
  }

  @Test func callerRunsSingleChunk() {
    let team = ThreadTeam(threads: 3)
    let threads = Mutex(Set<Int>())
    for count in [1, 2, 3] {
      for _ in 0..<1000 { team.forEach(count, chunk: 3) { _, thread in _ = threads.withLock { $0.insert(thread) } } }
    }
    #expect(threads.withLock { $0 } == [0])
  }

  @Test(arguments: [1, 2, 3], [0, 1, 2, 7, 100]) func loopsCoverEveryIndexOnce(threads: Int, count: Int) {
    let team = ThreadTeam(threads: threads)
    for chunk in [1, 3] {
      let seen = Mutex([Int](repeating: 0, count: count))
      team.forEach(count, chunk: chunk) { index, _ in seen.withLock { $0[index] += 1 } }
      #expect(seen.withLock { $0 } == [Int](repeating: 1, count: count))
    }
    for unit in [1, 4] {
      let seen = Mutex([Int](repeating: 0, count: count))
      team.forEachRange(count, multipleOf: unit) { range, _ in
        #expect(range.lowerBound.isMultiple(of: unit))
        seen.withLock { counts in for index in range { counts[index] += 1 } }
      }
      #expect(seen.withLock { $0 } == [Int](repeating: 1, count: count))
    }
  }
}
