// What JupyterLab's packages ask of a browser and jsdom does not have.
globalThis.DragEvent ??= class DragEvent extends Event {};
globalThis.ResizeObserver ??= class ResizeObserver {
  observe() {}
  unobserve() {}
  disconnect() {}
};
document.queryCommandSupported ??= () => false;
globalThis.matchMedia ??= () => ({
  matches: false,
  addEventListener() {},
  removeEventListener() {}
});
globalThis.requestIdleCallback ??= callback =>
  setTimeout(() => callback({ didTimeout: false, timeRemaining: () => 50 }), 0);
globalThis.cancelIdleCallback ??= clearTimeout;
globalThis.IntersectionObserver ??= class IntersectionObserver {
  observe() {}
  unobserve() {}
  disconnect() {}
};
