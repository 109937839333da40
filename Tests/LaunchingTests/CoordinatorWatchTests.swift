import Launching
import Testing

struct CoordinatorWatchTests {
  private func isEnd(_ watch: inout CoordinatorWatch, _ isConnected: Bool, _ isSignaled: Bool, _ now: Double) -> Bool {
    watch.isEnd(isConnected: isConnected, isSignaled: isSignaled, at: now)
  }

  /// A run may end between the moments when a worker finds its coordinator and connects.
  @Test func endsWithoutAFirstConnection() {
    var watch = CoordinatorWatch(lossTime: 60, graceTime: 20)
    #expect(!isEnd(&watch, false, false, 1_000) && !isEnd(&watch, false, false, 1_059))
    #expect(isEnd(&watch, false, false, 1_060) && watch.isLost)
  }

  @Test func endsAfterTheLossTime() {
    var watch = CoordinatorWatch(lossTime: 60, graceTime: 20)
    #expect(!isEnd(&watch, true, false, 0) && !isEnd(&watch, false, false, 59))
    #expect(!isEnd(&watch, true, false, 100) && !isEnd(&watch, false, false, 159))
    #expect(isEnd(&watch, false, false, 160) && watch.isLost)
  }

  @Test func waitsForAReplacedCoordinator() {
    var watch = CoordinatorWatch(lossTime: .infinity, graceTime: 20)
    #expect(!isEnd(&watch, true, false, 0) && !isEnd(&watch, false, false, 1e6))
  }

  @Test func worksAfterASignalUntilTheCoordinatorHasSaved() {
    var watch = CoordinatorWatch(lossTime: 60, graceTime: 20)
    #expect(!isEnd(&watch, true, false, 0) && !isEnd(&watch, true, true, 1) && !isEnd(&watch, true, true, 20))
    var other = watch
    #expect(isEnd(&watch, false, true, 20.5) && !watch.isLost)
    #expect(isEnd(&other, true, true, 21))
  }
}
