import { defineConfig } from 'vite';

// The files of the page of a shared record, under fixed names: the control plane takes them into its program and gives them addresses that name
// their content. `check.wasm` comes from `cargo xtask` and lies beside them.
// `--mode page` and `--mode check` are the two of them.
export default defineConfig(({ mode: entry }) => ({
  clearScreen: false,
  publicDir: false,
  build: {
    target: ['es2022', 'safari17'],
    outDir: 'share/dist',
    emptyOutDir: false,
    modulePreload: false,
    lib: { entry: `share/${entry}.ts`, formats: ['es'], fileName: () => `${entry}.js` },
  },
}));
