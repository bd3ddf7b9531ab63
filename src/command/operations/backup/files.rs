//! The file store's folder, copied file by file. A file is named by its content, so that one that
//! is there already is the same one.

use std::fs;
use std::path::Path;

use anyhow::Context as _;

/// What a copy came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Copied {
    /// Files that are there now.
    pub files: u64,
    /// Those of them that were not there before.
    pub new: u64,
}

/// Copies what is in a folder into another, leaving what is there already alone. A folder that is
/// not there has no files.
///
/// # Errors
/// A file that can't be read, a disk that is full.
pub fn copy(from: &Path, to: &Path) -> anyhow::Result<Copied> {
    let mut copied = Copied::default();
    copy_into(from, to, &mut copied)?;
    Ok(copied)
}

fn copy_into(from: &Path, to: &Path, copied: &mut Copied) -> anyhow::Result<()> {
    let entries = match fs::read_dir(from) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error).with_context(|| from.display().to_string()),
    };
    fs::create_dir_all(to).with_context(|| to.display().to_string())?;
    for entry in entries {
        let entry = entry?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if entry.file_type()?.is_dir() {
            copy_into(&source, &target, copied)?;
        } else if is_whole(&entry) {
            copied.files += 1;
            copied.new += u64::from(copy_file(&source, &target)?);
        }
    }
    Ok(())
}

/// The object store writes beside and renames: what has a `#` in its name is on its way.
fn is_whole(entry: &fs::DirEntry) -> bool {
    !entry.file_name().to_string_lossy().contains('#')
}

/// Copies one file by way of another name, so that one cut short never passes for whole.
fn copy_file(source: &Path, target: &Path) -> anyhow::Result<bool> {
    if target.exists() {
        return Ok(false);
    }
    let partial = target.with_extension("partial");
    fs::copy(source, &partial).with_context(|| source.display().to_string())?;
    fs::rename(&partial, target)?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_copy_copies_what_is_new_and_nothing_else() {
        let home = std::env::temp_dir().join(format!("copy-{}", uuid::Uuid::new_v4()));
        let (from, to) = (home.join("from"), home.join("to"));
        fs::create_dir_all(from.join("org/ab")).unwrap();
        fs::write(from.join("org/ab/abc"), "one").unwrap();
        fs::write(from.join("org/ab/abd#1"), "on its way").unwrap();
        assert_eq!(copy(&from, &to).unwrap(), Copied { files: 1, new: 1 });
        fs::write(from.join("org/ab/abe"), "two").unwrap();
        assert_eq!(copy(&from, &to).unwrap(), Copied { files: 2, new: 1 });
        assert_eq!(fs::read(to.join("org/ab/abc")).unwrap(), b"one");
        assert!(!to.join("org/ab/abd#1").exists());
        assert_eq!(copy(&home.join("none"), &to).unwrap(), Copied::default());
        fs::remove_dir_all(&home).unwrap();
    }
}
