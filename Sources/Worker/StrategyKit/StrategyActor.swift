import NIOCore
import NIOPosix

/// The one thread on which a strategy runs: its callbacks, and the socket to the gateway.
///
/// Everything in a ``Strategy`` is isolated to it, so a strategy needs no locks; a callback that computes for long
/// delays only itself. Heartbeats come from another thread.
@globalActor
public actor StrategyActor {
  public static let shared = StrategyActor()

  /// The thread that runs the strategy.
  static let loop: any EventLoop = MultiThreadedEventLoopGroup(numberOfThreads: 1).next()

  public nonisolated var unownedExecutor: UnownedSerialExecutor {
    Self.loop.executor.asUnownedSerialExecutor()
  }
}

extension StrategyActor {
  /// Runs `operation` at once: the caller is on the strategy's thread already, which is checked.
  static nonisolated func assumeIsolated(_ operation: @StrategyActor () -> Void) {
    loop.preconditionInEventLoop()
    // The isolation holds, as just checked; only the type still has to say so. The standard library does the
    // same for the main actor.
    withoutActuallyEscaping(operation) { unsafeBitCast($0, to: (() -> Void).self)() }
  }
}
